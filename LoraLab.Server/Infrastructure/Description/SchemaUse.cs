using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Infrastructure.Description;

/// <summary>
/// States what follows from where a schema is used: a request has no members but the described ones, since others are refused; a response
/// has all of them, since null is written too; and a schema that nothing uses is left out.
/// </summary>
internal sealed class SchemaUse : IOpenApiDocumentTransformer
{
    /// <inheritdoc />
    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        if (document.Components?.Schemas is not { } schemas)
        {
            return Task.CompletedTask;
        }

        OpenApiOperation[] operations = [.. document.Paths.Values.SelectMany(path => path.Operations?.Values.AsEnumerable() ?? [])];
        HashSet<string> sent = Reachable(schemas, operations.SelectMany(operation => Schemas(operation.RequestBody?.Content)));
        HashSet<string> received = Reachable(
            schemas,
            operations.SelectMany(operation => operation.Responses?.Values.AsEnumerable() ?? [])
                .SelectMany(response => Schemas(response.Content)));
        foreach (string name in schemas.Keys.Except(sent).Except(received).ToArray())
        {
            schemas.Remove(name);
        }

        foreach ((string name, IOpenApiSchema described) in schemas)
        {
            if (described is not OpenApiSchema { Properties.Count: > 0 } schema)
            {
                continue;
            }

            if (sent.Contains(name))
            {
                schema.AdditionalPropertiesAllowed = false;
            }
            else if (name != ProblemResponses.Schema)
            {
                schema.Required = schema.Properties.Keys.ToHashSet();
            }
        }

        return Task.CompletedTask;
    }

    private static IEnumerable<IOpenApiSchema?> Schemas(IDictionary<string, OpenApiMediaType>? content) =>
        content?.Values.Select(media => media.Schema) ?? [];

    /// <summary>The named schemas that the roots refer to, directly or not.</summary>
    private static HashSet<string> Reachable(IDictionary<string, IOpenApiSchema> schemas, IEnumerable<IOpenApiSchema?> roots)
    {
        HashSet<string> found = [];
        Stack<IOpenApiSchema?> open = new(roots);
        while (open.TryPop(out IOpenApiSchema? next))
        {
            // The members of a reference are those of its schema.
            IOpenApiSchema? schema = next is OpenApiSchemaReference { Reference.Id: { } name }
                ? found.Add(name) ? schemas[name] : null
                : next;
            foreach (IOpenApiSchema? inner in schema is null ? [] : Inner(schema))
            {
                open.Push(inner);
            }
        }

        return found;
    }

    private static IEnumerable<IOpenApiSchema?> Inner(IOpenApiSchema schema) =>
    [
        .. schema.Properties?.Values ?? [], schema.Items, schema.AdditionalProperties, .. schema.OneOf ?? [], .. schema.AnyOf ?? [],
    ];
}
