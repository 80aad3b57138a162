using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Security;

/// <summary>Describes in the OpenAPI document how a key is sent. It is optional there, because loopback requires none.</summary>
internal sealed class ApiKeyDescription : IOpenApiDocumentTransformer
{
    public const string Scheme = "apiKey";

    /// <inheritdoc />
    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.AddComponent(Scheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "A key printed by `keys new`, with the scope read, submit or admin. "
                + "Not required on loopback without configured keys.",
        });
        document.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] },
            new OpenApiSecurityRequirement(),
        ];
        return Task.CompletedTask;
    }
}
