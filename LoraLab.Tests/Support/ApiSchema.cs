using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;
using LoraLab.Contracts;

namespace LoraLab.Tests.Support;

/// <summary>The committed OpenAPI document: judges whether a response is one that it describes.</summary>
internal sealed class ApiSchema
{
    private const string Prefix = "#/components/schemas/";
    private const string Address = "https://loralab.test/api";
    private const string Json = "application/json";
    private const string Problem = "application/problem+json";
    private const string SparseRuns = "sparse runs";
    private static readonly int[] _anyRoute = [400, 401, 403, 404, 429];

    private readonly List<Operation> _operations = [];
    private readonly Dictionary<string, JsonSchema> _schemas = [];
    private readonly BuildOptions _building = new() { Dialect = Dialect.Draft202012, SchemaRegistry = new SchemaRegistry() };
    private readonly EvaluationOptions _checking = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    private ApiSchema(JsonNode document)
    {
        JsonObject definitions = [];
        foreach ((string name, JsonNode? schema) in document["components"]!["schemas"]!.AsObject())
        {
            definitions[name] = Closed(schema!);
        }

        JsonSchema.FromText(new JsonObject { ["$id"] = Address, ["$defs"] = definitions }.ToJsonString(), _building);
        foreach ((string path, JsonNode? operations) in document["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in operations!.AsObject())
            {
                _operations.Add(new Operation(method.ToUpperInvariant(), path, Pattern(path), operation!["responses"]!.AsObject()));
                AddSchemas(_operations[^1]);
            }
        }

        AddSchema(Problem, new JsonObject { ["$ref"] = Prefix + "Problem" });
        AddSparseRuns(document["components"]!["schemas"]!);
    }

    public static ApiSchema Committed { get; } =
        new(JsonNode.Parse(File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "openapi.json")))!);

    /// <summary>
    /// What is wrong about a response; null: nothing, or it does not come from the API. A HEAD must be answered like its GET, a route that
    /// the document does not have with a problem, and another method of a described path with those that it has.
    /// </summary>
    public string? WhatIsWrong(
        string method, string path, string query, HttpStatusCode status, string? contentType, IEnumerable<string> allow, byte[]? body)
    {
        int start = path.IndexOf(ApiRoutes.Base, StringComparison.OrdinalIgnoreCase);
        // Kestrel's parser refuses a zero byte in a path before there is a request.
        bool isUnreadable = status == HttpStatusCode.BadRequest && contentType is null && path.Contains("%00", StringComparison.Ordinal);
        if (start < 0 || isUnreadable)
        {
            return null;
        }

        string route = path[start..].TrimEnd('/');
        Operation[] known = [.. _operations.Where(operation => operation.Path.IsMatch(route))];
        bool head = method == HttpMethod.Head.Method;
        Operation? found = known.Where(operation => operation.Method == (head ? HttpMethod.Get.Method : method))
            .MinBy(operation => operation.Template.Count(letter => letter == '{'));
        bool isSparse = route == ApiRoutes.Runs && query.Contains("fields=", StringComparison.Ordinal);
        if (isSparse && status == HttpStatusCode.OK && body is not null)
        {
            return WhatIsWrong(SparseRuns, body);
        }

        return head && body is { Length: > 0 } ? $"HEAD {route} was answered with a body"
            : found is null ? UnknownRoute(known, status, contentType, allow, head ? null : body)
            : Described(found, status, contentType, head ? null : body);
    }

    private string? UnknownRoute(
        Operation[] known, HttpStatusCode status, string? contentType, IEnumerable<string> allow, byte[]? body)
    {
        SortedSet<string> methods = new(known.Select(operation => operation.Method), StringComparer.Ordinal);
        if (methods.Contains(HttpMethod.Get.Method))
        {
            methods.Add(HttpMethod.Head.Method);
        }

        bool isAllowed = methods.Count == 0
            ? _anyRoute.Contains((int)status)
            : status is HttpStatusCode.MethodNotAllowed or HttpStatusCode.BadRequest or HttpStatusCode.TooManyRequests;
        return !isAllowed ? $"a route that the document does not have was answered with {(int)status}"
            : status == HttpStatusCode.MethodNotAllowed && !methods.SetEquals(allow) ? "Allow does not list the methods of the path"
            : contentType != Problem ? $"an unknown route was answered with the content type {contentType ?? "none"}"
            : body is null ? null
            : WhatIsWrong(Problem, body);
    }

    private string? Described(Operation found, HttpStatusCode status, string? contentType, byte[]? body)
    {
        if (found.Responses[$"{(int)status}"] is not JsonObject response)
        {
            return $"{found} does not state the status {(int)status}";
        }

        if (response["content"] is not JsonObject contents)
        {
            return body is { Length: > 0 } ? $"{found} {(int)status} states no content" : null;
        }

        return contentType is null || !contents.ContainsKey(contentType)
                ? $"{found} {(int)status} does not state the content type {contentType ?? "none"}"
            : body is null || !_schemas.ContainsKey(NameOf(found, $"{(int)status}", contentType)) ? null
            : WhatIsWrong(NameOf(found, $"{(int)status}", contentType), body);
    }

    private string? WhatIsWrong(string name, byte[] body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            EvaluationResults results = _schemas[name].Evaluate(json.RootElement, _checking);
            return results.IsValid ? null : $"{name} does not fit its schema: " + string.Join("; ", (results.Details ?? [])
                .Where(detail => detail.Errors is { Count: > 0 })
                .Take(4)
                .Select(detail => $"{detail.InstanceLocation}: {string.Join(", ", detail.Errors!.Values)}"));
        }
        catch (JsonException error)
        {
            return $"{name} is not JSON: {error.Message}";
        }
    }

    private void AddSchemas(Operation operation)
    {
        foreach ((string status, JsonNode? response) in operation.Responses)
        {
            foreach ((string type, JsonNode? content) in response!["content"]?.AsObject() ?? [])
            {
                if (type is Json or Problem)
                {
                    AddSchema(NameOf(operation, status, type), content!["schema"]!);
                }
            }
        }
    }

    /// <summary>A page of the list of runs with <c>fields</c>: every document has only some of its members.</summary>
    private void AddSparseRuns(JsonNode schemas)
    {
        JsonObject run = schemas["RunDocument"]!.DeepClone().AsObject();
        run["required"] = new JsonArray("id");
        foreach (string part in (string[])["RunProgress", "RunSummary"])
        {
            JsonObject sparse = schemas[part]!.DeepClone().AsObject();
            sparse.Remove("required");
            run["properties"]![char.ToLowerInvariant(part[3]) + part[4..]] = sparse;
        }

        JsonObject list = schemas["RunList"]!.DeepClone().AsObject();
        list["properties"]!["items"]!["items"] = run;
        AddSchema(SparseRuns, list);
    }

    private void AddSchema(string name, JsonNode schema) =>
        _schemas[name] = JsonSchema.FromText(Closed(schema).ToJsonString(), _building);

    private static string NameOf(Operation operation, string status, string type) => $"{operation} {status} {type}";

    private static Regex Pattern(string path) => new("^" + string.Concat(Regex.Split(path, "({[^}]+})").Select(part =>
        part is "{name}" ? ".+" : part.StartsWith('{') ? "[^/]+" : Regex.Escape(part))) + "$", RegexOptions.IgnoreCase);

    /// <summary>
    /// The schema for the validator: its references lead to the definitions, an object with described members has no others, and the
    /// formats of integers are their bounds.
    /// </summary>
    private static JsonNode Closed(JsonNode schema)
    {
        JsonObject copy = schema.DeepClone().AsObject();
        if ((string?)copy["$ref"] is { } reference)
        {
            copy["$ref"] = reference.Replace(Prefix, Address + "#/$defs/", StringComparison.Ordinal);
        }

        foreach (string keyword in (string[])["items", "additionalProperties"])
        {
            if (copy[keyword] is JsonObject inner)
            {
                copy[keyword] = Closed(inner);
            }
        }

        foreach (string keyword in (string[])["oneOf", "anyOf"])
        {
            if (copy[keyword] is JsonArray choices)
            {
                copy[keyword] = new JsonArray([.. choices.Select(choice => Closed(choice!))]);
            }
        }

        if (copy["properties"] is JsonObject members)
        {
            copy["properties"] = new JsonObject(
                members.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)Closed(member.Value!))));
            copy["additionalProperties"] ??= false;
        }

        switch ((string?)copy["format"])
        {
            case "int32":
                copy["minimum"] ??= int.MinValue;
                copy["maximum"] ??= int.MaxValue;
                copy.Remove("format");
                break;
            case "int64" or "double" or "binary":
                copy.Remove("format");
                break;
        }

        return copy;
    }

    private sealed record Operation(string Method, string Template, Regex Path, JsonObject Responses)
    {
        public override string ToString() => $"{Method} {Template}";
    }
}
