using System.Text.Json.Nodes;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>A route as the server's own OpenAPI document describes it.</summary>
internal sealed record DescribedRoute(
    HttpMethod Method, string Path, IReadOnlyList<DescribedParameter> Parameters, JsonNode? Body, JsonObject Schemas)
{
    public string Name => $"{Method} {Path}";

    public static IReadOnlyList<DescribedRoute> Read(JsonNode document)
    {
        JsonObject schemas = document["components"]?["schemas"]?.AsObject() ?? [];
        return
        [
            .. document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => new DescribedRoute(
                new HttpMethod(operation.Key.ToUpperInvariant()),
                path.Key,
                [.. (operation.Value!["parameters"]?.AsArray() ?? []).Select(parameter => DescribedParameter.Read(parameter!))],
                operation.Value["requestBody"]?["content"]?["application/json"]?["schema"],
                schemas))),
        ];
    }

    /// <summary>The schema, with references resolved.</summary>
    public JsonObject Resolve(JsonNode schema)
    {
        JsonObject found = schema.AsObject();
        if (found["oneOf"] is JsonArray choices)
        {
            found = choices.Select(choice => choice!.AsObject()).FirstOrDefault(choice => (string?)choice["type"] != "null") ?? found;
        }

        return (string?)found["$ref"] is { } reference ? Schemas[reference[(reference.LastIndexOf('/') + 1)..]]!.AsObject() : found;
    }
}

/// <summary>A parameter of a route.</summary>
internal sealed record DescribedParameter(string Name, string In, JsonNode Schema)
{
    public static DescribedParameter Read(JsonNode parameter) =>
        new((string)parameter["name"]!, (string)parameter["in"]!, parameter["schema"]!);
}
