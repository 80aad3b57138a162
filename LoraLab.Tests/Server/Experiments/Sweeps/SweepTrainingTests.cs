using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>Sweeps with the real trainer.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class SweepTrainingTests(RealServer server)
{
    private const int Steps = 30;

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Halving_RunThatWasStoppedAtARung_EndsAsTheOneThatNeverWas()
    {
        SweepApi sweeps = new(server.Api);
        JsonObject spec = MicroSpec.For("lora");
        (spec["trainSamples"], spec["evalEvery"], spec["dropout"]) = (Steps * 8, 10, 0.1);
        spec.Remove("learningRate");
        JsonObject plan = new()
        {
            ["spec"] = spec,
            ["space"] = new JsonArray(new JsonObject { ["field"] = "learningRate", ["values"] = new JsonArray(1e-7, 0.005) }),
            ["pruner"] = new JsonObject { ["kind"] = "halving", ["factor"] = 2 },
        };

        SweepDocument ended = await sweeps.WaitForEndAsync((await sweeps.CreateAsync(plan)).Id);
        RunDocument winner = await server.Api.GetAsync(ended.Best!.RunId);
        JsonObject alone = SpecOf(winner);
        RunDocument whole = await server.Api.WaitForEndAsync((await server.Api.SubmitAsync(alone.ToJsonString())).Id);

        Assert.Equal([10, 20], ended.Rungs);
        Assert.Equal(
            (SweepState.Completed, 1, 1, Steps), (ended.State, ended.Counts.Completed, ended.Counts.Pruned, winner.Spec.ScheduleSteps));
        Assert.True(winner.Attempts.Count > 1, "It was never stopped.");
        Assert.Equal((RunState.Completed, 1), (whole.State, whole.Attempts.Count));
        Assert.Equal(await ScoresAsync(whole.Id), await ScoresAsync(winner.Id));
        Assert.Equal(
            (await server.Api.MetricsAsync(whole.Id)).Series[MetricKeys.TrainLoss].Y,
            (await server.Api.MetricsAsync(winner.Id)).Series[MetricKeys.TrainLoss].Y);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Sweep_OfInstructions_FindsTheRateThatAnswersMost()
    {
        SweepApi sweeps = new(server.Api);
        JsonObject plan = JsonNode.Parse("""
            {"objective": "eval/exactMatch",
             "spec": {"dataset": "sample-instructions", "rank": 16, "alpha": 32, "targetModules": "all-linear", "lossScope": "completion",
                      "trainSamples": 600, "epochs": 4, "evalEvery": 1000, "evalSamples": 40, "generateSamples": 40, "generateTokens": 12},
             "space": [{"field": "learningRate", "values": [0.00001, 0.004]}]}
            """)!.AsObject();

        SweepDocument ended = await sweeps.WaitForEndAsync((await sweeps.CreateAsync(plan)).Id);

        Assert.Equal((SweepState.Completed, 2), (ended.State, ended.Counts.Completed));
        Assert.InRange(ended.Best!.Value, 0.5, 1);
        RunDocument best = await server.Api.GetAsync(ended.Best.RunId);
        Assert.Equal((0.004, EvalSplit.Selection), (best.Spec.LearningRate, best.Spec.EvalSplit));
    }

    [Fact]
    public async Task Create_NoRowsLeftToChooseOn_SaysWhatASweepCanDo()
    {
        JsonObject problem = await new SweepApi(server.Api)
            .RefusedAsync(JsonNode.Parse("""{"space":[{"field":"rank","values":[4,8]}]}""")!.AsObject());

        string sentence = (string?)problem["errors"]!["evalSplit"]?[0] ?? "";
        Assert.StartsWith("rank 4: The selection split of dataset 'sample' would have 0 rows", sentence, StringComparison.Ordinal);
        Assert.EndsWith(
            "lower trainSamples, because a sweep selects on training rows that no run trains on.", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DryRun_RowsThatAreDropped_AreNotCounted()
    {
        string folder = Directory.CreateDirectory(Path.Combine(server.Server.DataDirectory, "datasets", "half-long")).FullName;
        string rest = string.Concat(Enumerable.Repeat("very ", 400));
        string rows = string.Concat(Enumerable.Range(0, 32).Select(i => $"film {i} was {(i < 16 ? rest : "")}seen .\t{i % 2}\n"));
        await File.WriteAllTextAsync(Path.Combine(folder, "train.tsv"), "sentence\tlabel\n" + rows);
        await File.WriteAllTextAsync(Path.Combine(folder, "dev.tsv"), "sentence\tlabel\nfine .\t1\nbad .\t0\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "dataset.json"), """{"selection": "dev.tsv"}""");
        JsonObject plan = JsonNode.Parse("""
            {"spec": {"dataset": "half-long", "trainSamples": 32, "effectiveBatch": 8, "tooLong": "drop", "rank": 4},
             "space": [{"field": "epochs", "values": [1, 2]}]}
            """)!.AsObject();

        SweepPreview preview = await new SweepApi(server.Api).PreviewAsync(plan);

        Assert.Equal(2 + 4, preview.Steps);
    }

    /// <summary>The specification of the same run outside the sweep.</summary>
    private static JsonObject SpecOf(RunDocument run)
    {
        JsonObject spec = System.Text.Json.JsonSerializer.SerializeToNode(run.Spec, ContractJson.Options)!.AsObject();
        spec["name"] = "alone";
        spec.Remove("learningRateB");
        return spec;
    }

    private async Task<IReadOnlyList<string>> ScoresAsync(string run) =>
        [.. (await server.Api.ReadAsync<PredictionSet>(ApiRoutes.Run(run, "predictions?step=last"))).Items
            .Select(row => $"{row.Row} {row.Label} {row.Predicted} {string.Join(' ', row.Scores)}")];
}
