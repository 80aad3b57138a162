using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace LoraLab.Server.Infrastructure.Description;

/// <summary>
/// States the errors of every route: those that follow from what it is (parameters, a body, a changing method, who may call it), and those
/// that it declares because only it knows them: 409 and 422. All are problem documents.
/// </summary>
internal sealed class ProblemResponses : IOpenApiOperationTransformer, IOpenApiDocumentTransformer
{
    /// <summary>Name of the schema of all errors.</summary>
    public const string Schema = "Problem";

    private const string ContentType = "application/problem+json";

    private static readonly IDictionary<string, OpenApiMediaType> _noContent = new Dictionary<string, OpenApiMediaType>();

    /// <inheritdoc />
    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        OpenApiResponses declared = operation.Responses ?? [];
        operation.Responses = [];
        foreach (int status in declared.Keys.Select(key => int.Parse(key, CultureInfo.InvariantCulture))
            .Union(Implied(context.Description)).Order())
        {
            string key = status.ToString(CultureInfo.InvariantCulture);
            operation.Responses[key] = status < StatusCodes.Status400BadRequest ? declared[key] : Problem(status, context.Document);
        }

        DescribeFiles(operation);
        AddLimits(operation, context.Description);
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Components?.Schemas?.Remove(nameof(Microsoft.AspNetCore.Mvc.ProblemDetails));
        document.AddComponent(Schema, new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "An error: what is wrong, and what to do.",
            Required = new HashSet<string> { "type", "title", "status", "detail", "code" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = Text("URN of the kind of error, from its code.", "uri"),
                ["title"] = Text("Reason phrase of the status."),
                ["status"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Integer,
                    Format = "int32",
                    Minimum = "400",
                    Maximum = "599",
                    Description = "The status code.",
                },
                ["detail"] = Text("What is wrong and what to do, in one sentence."),
                ["code"] = Text("Stable name of the kind of error."),
                ["errors"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Description = "Messages by field; absent if no field is wrong.",
                    AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = Text(null) },
                },
                ["traceId"] = Text("Id of the request in the server's telemetry."),
            },
        });
        return Task.CompletedTask;
    }

    private static OpenApiResponse Problem(int status, OpenApiDocument? document) => new()
    {
        Description = ReasonPhrases.GetReasonPhrase(status),
        Content = new Dictionary<string, OpenApiMediaType>
        {
            [ContentType] = new() { Schema = new OpenApiSchemaReference(Schema, document) },
        },
    };

    private static OpenApiSchema Text(string? description, string? format = null) =>
        new() { Type = JsonSchemaType.String, Description = description, Format = format };

    private static IEnumerable<int> Implied(ApiDescription route)
    {
        IList<object> metadata = route.ActionDescriptor.EndpointMetadata;
        string method = route.HttpMethod ?? HttpMethods.Get;
        bool changes = !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method);
        // An unknown host name, or a parameter that cannot be read.
        yield return StatusCodes.Status400BadRequest;
        if (!metadata.OfType<IAllowAnonymous>().Any())
        {
            yield return StatusCodes.Status401Unauthorized;
            yield return StatusCodes.Status403Forbidden;
        }
        else if (changes)
        {
            // A request from a page of another site.
            yield return StatusCodes.Status403Forbidden;
        }

        if (route.ParameterDescriptions.Any(parameter => parameter.Source.Id == "Path"))
        {
            yield return StatusCodes.Status404NotFound;
        }

        if (metadata.OfType<IAcceptsMetadata>().Any())
        {
            yield return StatusCodes.Status413PayloadTooLarge;
            yield return StatusCodes.Status415UnsupportedMediaType;
        }

        yield return StatusCodes.Status429TooManyRequests;
        // The database, or what a route asks the trainer for, does not answer.
        yield return StatusCodes.Status503ServiceUnavailable;
        if (changes)
        {
            yield return StatusCodes.Status507InsufficientStorage;
        }
    }

    /// <summary>Content that is not JSON is text or bytes, whatever the type of the route's JSON.</summary>
    private static void DescribeFiles(OpenApiOperation operation)
    {
        foreach ((string type, OpenApiMediaType media) in operation.Responses!.Values
            .SelectMany(response => response.Content ?? _noContent))
        {
            if (!type.EndsWith("json", StringComparison.Ordinal))
            {
                bool text = type.StartsWith("text/", StringComparison.Ordinal) || type is "application/x-tex" or "image/svg+xml";
                media.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = text ? null : "binary" };
            }
        }
    }

    /// <summary>The limits of parameters, which the framework does not state completely.</summary>
    private static void AddLimits(OpenApiOperation operation, ApiDescription route)
    {
        foreach (ApiParameterDescription parameter in route.ParameterDescriptions)
        {
            if (parameter.ParameterDescriptor is IParameterInfoParameterDescriptor { ParameterInfo: { } info }
                && operation.Parameters?.FirstOrDefault(described => described.Name == parameter.Name)
                    is OpenApiParameter { Schema: OpenApiSchema schema } described)
            {
                ValidationAttribute[] limits = [.. info.GetCustomAttributes(false).OfType<ValidationAttribute>()];
                DeclaredLimits.Apply(schema, limits);
                described.Required |= limits.OfType<RequiredAttribute>().Any();
            }
        }
    }
}
