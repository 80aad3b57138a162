using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
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

    private static void Visit(JsonNode node, string path, List<string> wrong)
    {
        switch (node)
        {
            case JsonObject schema:
                if (Types(schema).Contains("array") && schema["items"] is null)
                {
                    wrong.Add($"{path} is an array without items.");
                }

                if (schema["enum"] is JsonArray words && (schema["type"] is null || words.Any(word => (string?)word is null or "NaN")))
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
