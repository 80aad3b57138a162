using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary><c>POST /runs/{id}/predict</c>, <c>/predict</c> and <c>/tokenize</c> with the real trainer.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class PredictTests(RealServer real)
{
    [Fact]
    public async Task Predict_TrainedRun_HasTheScoresOfItsEvaluation()
    {
        RunDocument run = await real.Api.WaitForEndAsync((await real.Api.SubmitAsync(MicroSpec.For("lora").ToJsonString())).Id);
        string[] sentences = [.. File.ReadLines(Path.Combine(Fixtures.RepositoryRoot, "samples", "data", "dev.tsv"))
            .Skip(1).Take(4).Select(line => line.Split('\t')[0])];
        JsonObject question = new()
        {
            ["inputs"] = new JsonArray([.. sentences.Select(text => (JsonNode)new JsonObject { ["sentence"] = text })]),
            ["topK"] = 2,
        };

        PredictResult result = await AskAsync(ApiRoutes.Run(run.Id, "predict"), question.ToJsonString());

        PredictionSet expected = await real.Api.ReadAsync<PredictionSet>(ApiRoutes.Run(run.Id, "predictions?step=last"));
        Assert.Equal(expected.Labels, result.Labels);
        foreach ((Prediction row, PredictedItem item) in expected.Items.Zip(result.Items))
        {
            Assert.Equal(row.Predicted, item.Predicted);
            Assert.All(row.Scores.Zip(item.Scores!), pair => Assert.Equal(pair.First!.Value, pair.Second, 2e-5));
        }

        Assert.Equal(("cpu", Precision.Fp32), (result.Device, result.Precision));
        question.Remove("topK");
        (question["model"], question["runs"]) = ("sample", new JsonArray(run.Id));
        ModelPredictResult both = await AskModelAsync(question.ToJsonString());
        Assert.Equal([null, run.Id], both.Answers!.Select(answer => answer.Run));
        Assert.Equal(result.Items.Select(item => item.Scores!), both.Answers![1].Items.Select(item => item.Scores!));
        Assert.NotEqual(both.Answers![0].Items[0].Scores!, both.Answers![1].Items[0].Scores!);
        JsonObject wrong = await RefusedAsync(HttpStatusCode.BadRequest, ApiRoutes.Run(run.Id, "predict"), """{"inputs":[{"text":"a"}]}""");
        Assert.NotNull(wrong["errors"]!["inputs[0].sentence"]);
    }

    [Fact]
    public async Task Predict_BesideARun_IsMarkedAndEndsBeforeTheNextRun()
    {
        await AskModelAsync("""{"model":"sample","prompt":""}""");
        int idle = Worker()!.Value;
        JsonObject spec = MicroSpec.For("lora");
        (spec["epochs"], spec["evalEvery"]) = (1000, 100_000);
        RunDocument run = await real.Api.SubmitAsync(spec.ToJsonString());
        JsonObject early = await RefusedAsync(HttpStatusCode.Conflict, ApiRoutes.Run(run.Id, "predict"), """{"prompt":"a"}""");
        Assert.Equal("noAdapter", (string?)early["code"]);
        await real.Api.WaitAsync(run.Id, document => document.State == RunState.Running);
        Assert.NotEqual(idle, Worker());

        ModelPredictResult beside = await AskModelAsync("""{"model":"sample","prompt":""}""");

        Assert.Equal(1, beside.Threads);
        IReadOnlyList<string> warnings = (await real.Api.GetAsync(run.Id)).Warnings;
        Assert.Contains(warnings, warning => warning.StartsWith("Predictions were computed beside", StringComparison.Ordinal));
        await real.Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "kill"), expected: HttpStatusCode.Accepted);
        await real.Api.WaitForEndAsync(run.Id);
    }

    [Theory]
    [InlineData("inputs", """{"model":"sample"}""")]
    [InlineData("template", """{"model":"sample","inputs":[{"a":"b"}],"labels":["c","d"]}""")]
    [InlineData("labels", """{"model":"sample","inputs":[{"a":"b"}],"template":"{a} {label}","labels":["c","c"]}""")]
    [InlineData("generate.maxTokens", """{"model":"sample","prompt":"a","generate":{"maxTokens":0}}""")]
    [InlineData("generate.topP", """{"model":"sample","prompt":"a","generate":{"topP":0}}""")]
    [InlineData("prompt", """{"model":"sample","prompt":"a","generate":{"maxTokens":4096}}""")]
    [InlineData("generate.maxTokens", """{"model":"sample","prompt":"a","generate":{"maxTokens":4097}}""")]
    [InlineData("model", """{"model":"none","prompt":"a"}""")]
    public async Task Predict_WrongMember_IsNamed(string field, string json) =>
        Assert.NotNull((await RefusedAsync(HttpStatusCode.BadRequest, ApiRoutes.Predict, json))["errors"]![field]);

    [Fact]
    public async Task Tokenize_Texts_HaveIdsAndPieces()
    {
        TokenizeResult result = await real.Api.SendAsync<TokenizeResult>(
            HttpMethod.Post, ApiRoutes.Tokenize, """{"model":"sample","texts":["a charming journey",""]}""");
        TokenizeResult bare = await real.Api.SendAsync<TokenizeResult>(
            HttpMethod.Post, ApiRoutes.Tokenize, """{"model":"sample","texts":["a charming journey"],"addSpecialTokens":false}""");

        Assert.Equal(result.Items[0].Ids.Skip(1), bare.Items[0].Ids);
        Assert.Equal("▁a▁charming▁journey", string.Concat(bare.Items[0].Pieces));
        JsonObject wrong = await RefusedAsync(HttpStatusCode.BadRequest, ApiRoutes.Tokenize, """{"model":"none","texts":["a"]}""");
        Assert.NotNull(wrong["errors"]!["model"]);
    }

    private Task<PredictResult> AskAsync(string route, string json) => real.Api.SendAsync<PredictResult>(HttpMethod.Post, route, json);

    private Task<ModelPredictResult> AskModelAsync(string json) =>
        real.Api.SendAsync<ModelPredictResult>(HttpMethod.Post, ApiRoutes.Predict, json);

    private Task<JsonObject> RefusedAsync(HttpStatusCode status, string route, string json) =>
        real.Api.RefusedAsync(status, HttpMethod.Post, route, RunApi.Json(json));

    /// <summary>Id of the server's child with the verb <c>predict</c>; null: there is none.</summary>
    private int? Worker()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                string[] stat = File.ReadAllText(Path.Combine(folder, "stat")).Split(") ")[^1].Split(' ');
                string[] command = File.ReadAllText(Path.Combine(folder, "cmdline")).Split('\0');
                string server = real.Server.ProcessId.ToString(CultureInfo.InvariantCulture);
                if (stat[0] != "Z" && stat[1] == server && command.Contains("predict"))
                {
                    return int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture);
                }
            }
            catch (IOException)
            {
                // It has exited.
            }
        }

        return null;
    }
}
