using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Studies and sweeps over other tasks than labels of a sentence select and report by the metric of the task.</summary>
[Collection(nameof(SharedServer))]
public sealed class StudyTasksTests(ScriptedServer scripted)
{
    private readonly RunApi _api = scripted.Api;

    [Fact]
    public async Task Study_Completions_SelectsTheLowestLossAndReportsTheMetricsOfTheTask()
    {
        StudyDocument created = await _api.CreateAsync(Plan("instructions study", "instructions", "generateSamples", 20));

        StudyDocument study = await _api.WaitForEndOfStudyAsync(created.Id);

        Assert.Equal((StudyState.Completed, "completion", MetricKeys.EvalLoss), (study.State, study.Task, study.Metric));
        Assert.Equal(0.002, (double)study.Arms[0].Selected!["learningRate"]!);
        Assert.Equal(study.Arms[0].Cells.Select(cell => cell.Result).Order(), study.Arms[0].Cells.Select(cell => cell.Result));
        Assert.All(study.Arms[0].Cells, cell => Assert.Null(cell.Accuracy));
        Assert.Equal(
            [
                "Method", "n", "Evaluation loss", "Perplexity", "Exact match (%)", "ROUGE-L (%)",
                "Training time (s)", "Peak memory (MiB)", "Trainable parameters",
            ],
            study.Tables.Single(table => table.Id == "final").Columns);
        Assert.All(study.Claims.Where(claim => claim.Quantity.Contains("accuracy", StringComparison.Ordinal)), claim =>
        {
            Assert.Equal(ClaimVerdict.NotRun, claim.Verdict);
            Assert.Contains("which the task completion does not measure", claim.Finding, StringComparison.Ordinal);
        });
        Assert.Contains("Evaluation loss versus time and memory", study.Figures.Select(figure => figure.Title));
        Assert.StartsWith(
            "Evaluation loss on the reported split during training",
            study.Figures.Single(figure => figure.Id == "convergence").Caption,
            StringComparison.Ordinal);

        using ZipArchive paper = new(await _api.Http.GetStreamAsync(ApiRoutes.Study(study.Id) + "/paper.zip"));
        Assert.Contains("evalLoss,perplexity,exactMatch,rougeL", Text(paper, "data/runs.csv"), StringComparison.Ordinal);
        Assert.StartsWith(
            "runId,method,stage,seed,step,row,loss,tokens,generated,exactMatch,rougeL",
            Text(paper, "data/predictions.csv"),
            StringComparison.Ordinal);
        Assert.Contains("\\newcommand{\\EvalLossLora}", Text(paper, "numbers.tex"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Study_Pairs_RunsLikeOneOfSentences()
    {
        StudyDocument created = await _api.CreateAsync(Plan("pairs study", "pairs", "labelScore", "sum"));

        StudyDocument study = await _api.WaitForEndOfStudyAsync(created.Id);

        Assert.Equal((StudyState.Completed, MetricKeys.EvalAccuracy), (study.State, study.Metric));
        Assert.Equal(0.002, (double)study.Arms[0].Selected!["learningRate"]!);
        Assert.Equal("Accuracy (%)", study.Tables.Single(table => table.Id == "final").Columns[2]);
    }

    [Theory]
    [InlineData("instructions", "eval/accuracy", "which the task completion of dataset 'instructions' does not measure; use eval/loss")]
    [InlineData("pairs", "eval/perplexity", "which the task classification of dataset 'pairs' does not measure; use eval/accuracy")]
    public async Task Sweep_ObjectiveThatTheTaskDoesNotMeasure_IsRefusedByName(string dataset, string objective, string expected)
    {
        JsonObject problem = await _api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Sweeps + "?dryRun=true", RunApi.Json(Sweep(dataset, objective)));

        Assert.Contains(expected, (string?)problem["detail"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("instructions", MetricKeys.EvalLoss)]
    [InlineData("pairs", MetricKeys.EvalAccuracy)]
    public async Task Sweep_WithoutObjective_TakesThePrimaryMetricOfTheTask(string dataset, string metric)
    {
        SweepPreview preview = await _api.SendAsync<SweepPreview>(HttpMethod.Post, ApiRoutes.Sweeps + "?dryRun=true", Sweep(dataset, null));

        Assert.Equal(metric, preview.Plan.Objective);
    }

    [Fact]
    public async Task Sweep_WithoutObjective_TakesTheMetricOfTheDataset()
    {
        JsonObject sweep = JsonNode.Parse(Sweep("sample", null))!.AsObject();
        sweep["spec"]!["notes"] = "metric=eval/mcc";

        SweepPreview preview =
            await _api.SendAsync<SweepPreview>(HttpMethod.Post, ApiRoutes.Sweeps + "?dryRun=true", sweep.ToJsonString());

        Assert.Equal(MetricKeys.EvalMcc, preview.Plan.Objective);
    }

    [Theory]
    [InlineData("instructions", "eval/exactMatch", "needs generated texts; set generateSamples")]
    [InlineData("sample", "eval/f1", "does not measure; use eval/accuracy")]
    public async Task Sweep_ObjectiveThatItsRunsDoNotMeasure_IsRefused(string dataset, string objective, string expected)
    {
        JsonObject problem = await _api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Sweeps + "?dryRun=true", RunApi.Json(Sweep(dataset, objective)));

        Assert.Contains(expected, (string?)problem["detail"], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Study_DatasetsMetric_SelectsAndReportsByIt()
    {
        JsonObject plan = JsonNode.Parse(Plan("correlation study", "sample", "labelScore", "sum"))!.AsObject();
        plan["spec"]!["notes"] = "steps=2 delay=1 rows=20 best=0.002 metric=eval/mcc";
        StudyDocument created = await _api.CreateAsync(plan.ToJsonString());

        StudyDocument study = await _api.WaitForEndOfStudyAsync(created.Id);

        Assert.Equal((StudyState.Completed, MetricKeys.EvalMcc), (study.State, study.Metric));
        Assert.Equal(0.002, (double)study.Arms[0].Selected!["learningRate"]!);
        Assert.All(study.Runs, run => Assert.Equal(run.Metric(MetricKeys.EvalMcc), run.Result));
        Assert.Equal("Matthews correlation", study.Tables.Single(table => table.Id == "final").Columns[2]);
    }

    [Theory]
    [InlineData("sample", "paper-literal", 0)]
    [InlineData("pairs", null, 1)]
    [InlineData("instructions", null, 1)]
    public async Task Study_OfATemplateOnOtherColumns_HasThePromptOfTheDataset(string dataset, string? prompt, int warnings)
    {
        JsonObject plan = new() { ["template"] = "better-call-lora", ["size"] = "smoke", ["dataset"] = dataset };

        StudyPreview preview = await _api.SendAsync<StudyPreview>(
            HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true&confirm=true", plan.ToJsonString());

        Assert.Equal(prompt, (string?)preview.Plan.Spec!["prompt"]);
        Assert.Equal(warnings, preview.Warnings.Count(warning => warning.Contains("the dataset's own prompt", StringComparison.Ordinal)));
    }

    private static string Plan(string name, string dataset, string field, JsonNode value) => new JsonObject
    {
        ["name"] = name,
        ["dataset"] = dataset,
        ["seeds"] = new JsonArray(1, 2),
        ["spec"] = new JsonObject { [field] = value, ["notes"] = "steps=2 delay=1 rows=20 best=0.002" },
        ["methods"] = new JsonArray(new JsonObject
        {
            ["method"] = "lora",
            ["grid"] = new JsonObject { ["learningRate"] = new JsonArray(0.001, 0.002, 0.004) },
        }),
    }.ToJsonString();

    private static string Sweep(string dataset, string? objective)
    {
        JsonObject sweep = new()
        {
            ["spec"] = new JsonObject { ["dataset"] = dataset },
            ["space"] = new JsonArray(new JsonObject { ["field"] = "rank", ["values"] = new JsonArray(4, 8) }),
        };
        if (objective is not null)
        {
            sweep["objective"] = objective;
        }

        return sweep.ToJsonString();
    }

    private static string Text(ZipArchive zip, string name)
    {
        using StreamReader reader = new(zip.Entries.Single(entry => entry.FullName.EndsWith(name, StringComparison.Ordinal)).Open());
        return reader.ReadToEnd();
    }
}
