using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;
using LoraLab.Tests.Support;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>The OpenAPI document: the committed file is the one that the server serves, and it states what generators need.</summary>
[Collection(nameof(SharedServer))]
public sealed class ApiDocumentTests(ScriptedServer shared)
{
    private static readonly string _committed = Path.Combine(Fixtures.RepositoryRoot, "docs", "openapi.json");

    [Fact]
    public async Task Document_Served_IsTheCommittedOne()
    {
        string served = (await shared.Server.Http.GetStringAsync("/openapi/v1.json")).ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("LORALAB_WRITE_OPENAPI") == "1")
        {
            await File.WriteAllTextAsync(_committed, served, TestContext.Current.CancellationToken);
        }

        string committed = (await File.ReadAllTextAsync(_committed, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n");
        string[] lines = committed.Split('\n');
        int line = lines.Zip(served.Split('\n')).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.True(
            committed == served,
            $"docs/openapi.json differs from the served document at line {line + 1}; write it again with "
                + "LORALAB_WRITE_OPENAPI=1 dotnet test LoraLab.Tests --filter \"FullyQualifiedName~ApiDocumentTests\".");
    }

    [Fact]
    public async Task Document_EverySchema_HasATypeItemsAndWordsOnly()
    {
        JsonNode document = JsonNode.Parse(await shared.Server.Http.GetStringAsync("/openapi/v1.json"))!;
        List<string> wrong = [];
        Visit(document["components"]!, "components", wrong);
        Visit(document["paths"]!, "paths", wrong);

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
        Assert.StartsWith("3.1.", (string)document["openapi"]!, StringComparison.Ordinal);
        JsonNode schemas = document["components"]!["schemas"]!;
        Assert.Equal("number", (string?)schemas["RunSpec"]!["properties"]!["alpha"]!["type"]);
        Assert.Equal(["null", "number"], Types(schemas["RunProgress"]!["properties"]!["etaSeconds"]!));
        Assert.Equal(["null", "number"], Types(schemas["MetricSeries"]!["properties"]!["y"]!["items"]!));
        // A member without a setter is nullable too, and so is a value of a dictionary.
        Assert.Equal("null", (string?)schemas["MethodGroup"]!["properties"]!["macroF1"]!["oneOf"]![0]!["type"]);
        Assert.Equal(["null", "string"], Types(schemas["CompareRequirement"]!["properties"]!["values"]!["additionalProperties"]!));
        Assert.DoesNotContain(null, schemas["EndReason"]!["enum"]!.AsArray());
    }

    [Fact]
    public async Task Document_EveryRoute_StatesItsErrorsAsProblems()
    {
        JsonNode document = JsonNode.Parse(await shared.Server.Http.GetStringAsync("/openapi/v1.json"))!;
        foreach ((string path, JsonNode? operations) in document["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in operations!.AsObject())
            {
                JsonObject responses = operation!["responses"]!.AsObject();
                string[] expected =
                [
                    "400", "429",
                    .. path.Contains('{', StringComparison.Ordinal) ? (string[])["404"] : [],
                    .. path.EndsWith("/session", StringComparison.Ordinal) ? (string[])[] : ["401", "403"],
                    .. operation["requestBody"] is null ? (string[])[] : ["413", "415"],
                ];
                Assert.All(expected, status => Assert.True(responses.ContainsKey(status), $"{method} {path} does not state {status}."));
                Assert.Contains(responses, response => response.Key[0] is '2');
                Assert.All(responses.Where(response => response.Key[0] is '4' or '5'), response => Assert.Equal(
                    "#/components/schemas/Problem",
                    (string?)response.Value!["content"]!["application/problem+json"]!["schema"]!["$ref"]));
            }
        }
    }

    [Fact]
    public async Task Document_EveryOperation_HasANameOfItsOwnAndLimitsOfItsParameters()
    {
        JsonNode document = JsonNode.Parse(await shared.Server.Http.GetStringAsync("/openapi/v1.json"))!;
        JsonNode[] operations = [.. document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(pair => pair.Value!))];
        string[] names = [.. operations.Select(operation => (string?)operation["operationId"] ?? "")];
        JsonNode[] numbers =
        [
            .. operations.SelectMany(operation => operation["parameters"]?.AsArray() ?? [])
                .Where(parameter => (string?)parameter!["schema"]!["type"] == "integer").Select(parameter => parameter!["schema"]!),
        ];

        Assert.All(names, name => Assert.Matches("^[a-z][A-Za-z]+$", name));
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.NotEmpty(numbers);
        Assert.All(numbers, schema => Assert.True(schema["minimum"] is not null && schema["maximum"] is not null, schema.ToJsonString()));
        Assert.Equal(
            ["metrics", "compare", "rows", "export"],
            document["paths"]!.AsObject().Where(path => (path.Value!["get"]?["parameters"]?.AsArray() ?? [])
                .Any(parameter => (string?)parameter!["name"] == "runs" && (bool?)parameter["required"] == true))
                .Select(path => path.Key[(path.Key.LastIndexOf('/') + 1)..]));
    }

    [Fact]
    public async Task Document_Bounds_AreThoseThatTheServerChecks()
    {
        JsonNode schemas = JsonNode.Parse(await shared.Server.Http.GetStringAsync("/openapi/v1.json"))!["components"]!["schemas"]!;
        JsonNode Member(string schema, string member) => schemas[schema]!["properties"]![member]!;

        Assert.Equal((1, 5000), ((int?)Member("SweepPlan", "runs")["minimum"], (int?)Member("SweepPlan", "runs")["maximum"]));
        Assert.Equal((1, 16), ((int?)Member("SweepPlan", "space")["minItems"], (int?)Member("SweepPlan", "space")["maxItems"]));
        Assert.Equal((2, 100), ((int?)Member("SweepPruner", "factor")["minimum"], (int?)Member("SweepPruner", "factor")["maximum"]));
        Assert.Equal((1, 100), ((int?)Member("StudyPlan", "seeds")["minItems"], (int?)Member("StudyPlan", "seeds")["maxItems"]));
        Assert.Equal(0, (int?)Member("StudyPlan", "seeds")["items"]!["minimum"]);
        Assert.Equal(-1_000_000, (int?)Member("RunSpec", "priority")["minimum"]);
        Assert.Equal((50, 64), ((int?)Member("RunPatch", "tags")["maxItems"], (int?)Member("RunPatch", "tags")["items"]!["maxLength"]));
        // Only in requests, where absent fields keep their values.
        Assert.Equal(1, (int?)Member("RunSpecChanges", "rank")["minimum"]);
        Assert.Null(Member("RunSpecChanges", "rank")["default"]);
        Assert.Equal("#/components/schemas/RunSpecChanges", (string?)Member("SweepPlan", "spec")["$ref"]);
        Assert.False((bool?)schemas["RunSpec"]!["additionalProperties"]);
        // A response has every member.
        Assert.Equal(
            schemas["RunDocument"]!["properties"]!.AsObject().Select(member => member.Key),
            schemas["RunDocument"]!["required"]!.AsArray().Select(name => (string)name!));
    }

    [Fact]
    public async Task Document_OtherReaders_HaveNothingToObject()
    {
        string text = await shared.Server.Http.GetStringAsync("/openapi/v1.json");
        ReadResult read = OpenApiDocument.Parse(text, "json");
        Assert.Empty(read.Diagnostic!.Errors.Select(error => error.Message));
        Assert.Empty(read.Diagnostic.Warnings.Select(warning => warning.Message));
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);

        EvaluationOptions options = new() { OutputFormat = OutputFormat.List };
        foreach ((string name, JsonNode? schema) in JsonNode.Parse(text)!["components"]!["schemas"]!.AsObject())
        {
            using JsonDocument json = JsonDocument.Parse(schema!.ToJsonString());
            Assert.True(MetaSchemas.Draft202012.Evaluate(json.RootElement, options).IsValid, $"{name} is no JSON schema of draft 2020-12.");
        }
    }

    private static JsonNode? Find(JsonNode document, string reference) => reference.StartsWith("#/", StringComparison.Ordinal)
        ? reference[2..].Split('/').Aggregate((JsonNode?)document, (node, name) => node?[name])
        : null;

    private static void Visit(JsonNode node, string path, List<string> wrong)
    {
        switch (node)
        {
            case JsonObject { Count: 0 }:
                wrong.Add($"{path} is empty.");
                break;
            case JsonObject schema:
                if ((string?)(schema["$ref"] as JsonValue) is { } reference && Find(node.Root, reference) is null)
                {
                    wrong.Add($"{path} refers to {reference}, which is not in the document.");
                }

                if (schema["type"] is null && schema["$ref"] is null && schema["oneOf"] is null && schema["anyOf"] is null
                    && Regex.IsMatch(path, "/(items|additionalProperties|schema|properties/[^/]+)$")
                    && !((string?)schema["description"])!.Contains("value", StringComparison.OrdinalIgnoreCase))
                {
                    wrong.Add($"{path} allows anything and does not say so.");
                }

                if (Types(schema).Contains("array") && schema["items"] is null)
                {
                    wrong.Add($"{path} is an array without items.");
                }

                if (schema["enum"] is JsonArray words && (schema["type"] is null || words.Any(word => (string?)word is null)))
                {
                    wrong.Add($"{path} has words without a type, or that are not words.");
                }

                foreach ((string name, JsonNode? member) in schema)
                {
                    if (member is not null)
                    {
                        Visit(member, $"{path}/{name}", wrong);
                    }
                }

                break;
            case JsonArray items:
                for (int i = 0; i < items.Count; i++)
                {
                    if (items[i] is JsonNode item)
                    {
                        Visit(item, $"{path}/{i}", wrong);
                    }
                }

                break;
        }
    }

    private static string[] Types(JsonNode schema) => schema["type"] switch
    {
        JsonArray several => [.. several.Select(type => (string)type!).Order(StringComparer.Ordinal)],
        JsonValue one when one.TryGetValue(out string? type) => [type],
        _ => [],
    };
}
