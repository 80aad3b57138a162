using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Studies over pairs and over completions from submission to paper, with the real trainer.</summary>
[Trait("Category", "Long")]
public sealed class StudyTaskTrainingTests(RealServer real) : IClassFixture<RealServer>
{
    private readonly RunApi _api = real.Api;

    [Fact]
    public async Task Study_Pairs_TrainsEvaluatesAndReports()
    {
        Write("pairs", "dataset.json", """
            {"train":"train.tsv","eval":"dev.tsv","columns":["premise","hypothesis"],"labelColumn":"label",
             "labels":["follows","open","contradicts"]}
            """);
        foreach ((string file, int rows) in new[] { ("train.tsv", 48), ("dev.tsv", 12) })
        {
            IEnumerable<string> lines = Enumerable.Range(0, rows).Select(row =>
                $"The day {row} was warm.\t{(row % 3 == 2 ? "It was cold" : "It was warm")} on day {row + (row % 3 % 2)}.\t{row % 3}\n");
            Write("pairs", file, "premise\thypothesis\tlabel\n" + string.Concat(lines));
        }

        StudyDocument study = await RunAsync("pairs", new JsonObject());

        Assert.Equal(MetricKeys.EvalAccuracy, study.Metric);
        Prediction row = (await _api.ReadAsync<PredictionSet>(ApiRoutes.Run(study.Runs[0].RunId, "predictions"))).Items[1];
        Assert.Equal(["premise", "hypothesis"], row.Columns!.Keys);
        Assert.Equal(3, row.Tokens!.AsArray().Count);
    }

    [Fact]
    public async Task Study_Completions_TrainsEvaluatesAndReports()
    {
        Write("completions", "dataset.json", """
            {"task":"completion","train":"train.jsonl","eval":"dev.jsonl","promptColumn":"prompt","completionColumn":"completion"}
            """);
        foreach ((string file, int rows) in new[] { ("train.jsonl", 48), ("dev.jsonl", 8) })
        {
            Write("completions", file, string.Concat(Enumerable.Range(0, rows).Select(row => JsonSerializer.Serialize(
                new Dictionary<string, string> { ["prompt"] = $"Say {row} again: ", ["completion"] = $"{row}" }) + "\n")));
        }

        StudyDocument study = await RunAsync("completions", new JsonObject { ["generateSamples"] = 2, ["generateTokens"] = 4 });

        Assert.Equal(("completion", MetricKeys.EvalLoss), (study.Task, study.Metric));
        PredictionSet set = await _api.ReadAsync<PredictionSet>(ApiRoutes.Run(study.Runs[0].RunId, "predictions"));
        Assert.Equal([true, true, false], set.Items.Take(3).Select(row => row.Generated is not null));
        Assert.Equal("0", set.Items[0].Reference);
        double loss = set.Items.Sum(row => row.Loss!.Value) / set.Items.Sum(row => (int)row.Tokens!);
        Assert.Equal(study.Runs[0].Result!.Value, loss, 1e-9);
        CompareDocument compared = await _api.ReadAsync<CompareDocument>(
            $"{ApiRoutes.Compare}?runs={string.Join(',', study.Runs.Select(run => run.RunId))}");
        Assert.NotNull(Assert.Single(compared.PairedTests.Pairs).Low);
    }

    private async Task<StudyDocument> RunAsync(string dataset, JsonObject fields)
    {
        JsonObject spec = new()
        {
            ["maxSteps"] = 2,
            ["effectiveBatch"] = 8,
            ["evalEvery"] = 2,
            ["rank"] = 4,
            ["precision"] = "fp32",
        };
        foreach ((string field, JsonNode? value) in fields)
        {
            spec[field] = value?.DeepClone();
        }

        StudyDocument created = await _api.CreateAsync(new JsonObject
        {
            ["name"] = $"{dataset} trained",
            ["model"] = "sample",
            ["dataset"] = dataset,
            ["selection"] = "none",
            ["seeds"] = new JsonArray(1),
            ["spec"] = spec,
            ["methods"] = new JsonArray(new JsonObject { ["method"] = "lora" }, new JsonObject { ["method"] = "pissa" }),
        }.ToJsonString());
        StudyDocument study = await _api.WaitForEndOfStudyAsync(created.Id);

        Assert.Equal((StudyState.Completed, null), (study.State, study.Error));
        Assert.All(study.Runs, run => Assert.NotNull(run.Result));
        using HttpResponseMessage paper = await _api.Http.GetAsync(ApiRoutes.Study(study.Id) + "/paper.zip");
        Assert.Equal(HttpStatusCode.OK, paper.StatusCode);
        Assert.NotEmpty(await paper.Content.ReadAsByteArrayAsync());
        return study;
    }

    private void Write(string dataset, string file, string text)
    {
        string folder = Directory.CreateDirectory(Path.Combine(real.Server.DataDirectory, "datasets", dataset)).FullName;
        File.WriteAllText(Path.Combine(folder, file), text);
    }
}
