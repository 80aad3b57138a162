using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Security;

/// <summary>Tells readers of the API's description, people and programs, how a key is sent. On loopback none is needed, so it is optional there.</summary>
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
            Description = "A key that `keys new` printed, with the scope read, submit or admin. On loopback without configured keys none is needed.",
        });
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }, new OpenApiSecurityRequirement()];
        return Task.CompletedTask;
    }
}
