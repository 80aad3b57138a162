using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Cli.Predict;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Training;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training;

/// <summary>Runs that train all weights: their result, what can be done with it, and what is refused.</summary>
public sealed class FullTrainingTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(ScalarType.BFloat16)]
    public void Train_AllWeights_ResultIsAModelLikeItsBase(ScalarType? stored)
    {
        using TestTrainer trainer = new();
        string folder = trainer.CopyOfSampleModel("base");
        string file = Path.Combine(folder, CheckpointWeights.SingleFile);
        if (stored is ScalarType dtype)
        {
            using CheckpointWeights sample = CheckpointWeights.Open(trainer.Services.Models.Find("sample").Folder);
            SafetensorsWriter.Write(
                file,
                sample.Names.ToDictionary(name => name, name => sample.Read(name).to(dtype)),
                new Dictionary<string, string> { ["format"] = "pt" });
        }

        JsonObject spec = MicroSpec.For("full");
        spec["model"] = "base";
        FinishedRun run = trainer.Run(spec);

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        string result = Path.Combine(run.Folder, RunFiles.Adapter);
        PlainSafetensors before = new(file);
        PlainSafetensors after = new(Path.Combine(result, CheckpointWeights.SingleFile));
        Assert.Equal(before.HeaderText, after.HeaderText);
        // Every weight was trained, the gains of the norms too.
        Assert.All(before.Names, name => Assert.NotEqual(before.Bytes(name), after.Bytes(name)));
        foreach (string kept in Directory.EnumerateFiles(folder).Where(path => path != file))
        {
            Assert.Equal(File.ReadAllBytes(kept), File.ReadAllBytes(Path.Combine(result, Path.GetFileName(kept))));
        }

        RunFingerprint fingerprint = new LoraLab.Training.Training.Recording.RunDirectory(run.Folder).ReadFingerprint()!;
        Assert.NotEqual(fingerprint.Adapter.InitialSha256, fingerprint.Adapter.FinalSha256);
    }

    [Theory]
    [InlineData("bf16", "auto")]
    [InlineData("bf16", "1")]
    [InlineData("fp16", "auto")]
    public void Train_HalfPrecision_FollowsFp32(string precision, string microBatch)
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("full");
        spec["learningRate"] = 1e-4;
        FinishedRun single = trainer.Run(spec);
        (spec["precision"], spec["microBatch"]) = (precision, GoldenRuns.MicroBatch(microBatch));

        FinishedRun half = trainer.Run(spec);

        Assert.True(half.Ended.Reason == EndReason.Finished, half.Ended.Error);
        // Updates of 1e-4 are below the resolution of most bf16 weights: they are kept by the master weights.
        double[] losses = [.. single.Series(MetricKeys.TrainLoss).Values];
        Assert.All(half.Series(MetricKeys.TrainLoss).Values.Zip(losses), pair => Assert.Equal(pair.Second, pair.First, 0.01 * pair.Second));
        PlainSafetensors before = new(Path.Combine(trainer.Services.Models.Find("sample").Folder, CheckpointWeights.SingleFile));
        PlainSafetensors after = new(Path.Combine(half.Folder, RunFiles.Adapter, CheckpointWeights.SingleFile));
        Assert.All(before.Names, name => Assert.NotEqual(before.Bytes(name), after.Bytes(name)));
    }

    [Theory]
    [InlineData("rank", 4)]
    [InlineData("alpha", 8)]
    [InlineData("dropout", 0.1)]
    [InlineData("rankStabilized", true)]
    [InlineData("targetModules", "all-linear")]
    [InlineData("initFrom", "some-adapter")]
    public void Validate_FieldOfAdapters_IsRefused(string field, object value)
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("full");
        spec[field] = JsonValue.Create(value);

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);

        Assert.Equal(field, error.Field);
        Assert.Equal($"{field} means nothing to full; omit it.", error.Message);
    }

    [Fact]
    public void Validate_WeightsAboveTheBudget_IsRefused()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("full");
        spec["memoryBudgetMb"] = 1;

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);

        Assert.Equal("memoryBudgetMb", error.Field);
        Assert.Contains(
            "weights of 'sample' with their gradients and moments, but the budget is 1 MiB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refusal_ModelAboveEveryDevice_NamesItsMemory()
    {
        LlamaConfig config = TinyLlama.Config with { HiddenSize = 65536, Layers = 200 };

        string? refusal = TrainedWeightsMemory.Refusal(new RunSpec { Method = "full" }, config);

        Assert.Contains("but the device has", refusal, StringComparison.Ordinal);
        Assert.Null(TrainedWeightsMemory.Refusal(new RunSpec { Method = "full" }, TinyLlama.Config));
    }

    [Fact]
    public void Train_BudgetBelowTheEstimate_EndsBeforeTheWeightsAreLoaded()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("full");
        // The weights with gradients and moments fit, but the process does not.
        spec["memoryBudgetMb"] = 40;

        FinishedRun run = trainer.Run(spec);

        Assert.Equal(EndReason.BudgetExceeded, run.Ended.Reason);
        Assert.DoesNotContain(run.Ended.Suggestions, suggestion => suggestion.Changes.ContainsKey("rank"));
    }

    [Fact]
    public void Require_TooLittleDiskSpace_NamesBoth()
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => RunDisk.Require("/data/run", needed: 3.5 * (1L << 30), free: 1L << 30));

        Assert.Equal(EndReason.DiskFull, failure.Reason);
        Assert.Contains($"{NumberFormat.Bytes(3584L << 20)} of disk space", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"/data/run has {NumberFormat.Bytes(1L << 30)} left", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_AllWeights_KeepsOneCheckpoint()
    {
        using TestTrainer trainer = new();

        FinishedRun run = trainer.Run(MicroSpec.For("full"));

        Assert.Equal($"step-{MicroSpec.Steps:00000000}", Path.GetFileName(
            Assert.Single(Directory.GetDirectories(Path.Combine(run.Folder, RunFiles.Checkpoints)))));
    }

    [Fact]
    public void Find_RunThatTrainedAllWeights_IsNoAdapter()
    {
        using TestTrainer trainer = new();
        FinishedRun run = trainer.Run(MicroSpec.For("full"));

        RunFailure failure = Assert.Throws<RunFailure>(() => trainer.Services.Adapters.Find(run.Folder));

        Assert.Contains("is a model and not an adapter; use it as the model.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_RunThatTrainedAllWeights_HasItsScores()
    {
        using TestTrainer trainer = new();
        string runs = Path.Combine(Path.GetDirectoryName(trainer.NewFolder())!, "runs");
        foreach ((string id, string method) in new[] { ("FULL1", "full"), ("LORA1", "lora") })
        {
            Assert.Equal(EndReason.Finished, trainer.Attempt(Path.Combine(runs, id), 1, MicroSpec.For(method)));
        }

        EvaluationRow[] rows = [.. File.ReadLines(Path.Combine(runs, "FULL1", RunFiles.EvaluationRows)).Take(4)
            .Select(line => JsonSerializer.Deserialize<EvaluationRow>(line, ContractJson.Options)!)];
        using Predictor predictor = new(trainer.Services);

        IReadOnlyList<PredictResult> answers = predictor.Predict(
            new() { Runs = ["FULL1", "LORA1"], Inputs = [.. rows.Select(row => row.Columns)] }, () => { }, CancellationToken.None);

        foreach (PredictResult answer in answers)
        {
            IReadOnlyList<string[]> expected = FinishedRun.Read(Path.Combine(runs, answer.Run!)).Predictions(MicroSpec.Steps);
            foreach ((string[] row, PredictedItem item) in expected.Zip(answer.Items))
            {
                Assert.Equal(double.Parse(row[3], CultureInfo.InvariantCulture), item.Scores![0], 2e-5);
                Assert.Equal(double.Parse(row[4], CultureInfo.InvariantCulture), item.Scores[1], 2e-5);
            }
        }
    }

    [Fact]
    public void Gradient_WithoutTrainedWeights_NeedsNoBuffers()
    {
        using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf("lora"));

        Assert.Null(adapted.Model.Trained);
        Assert.All(adapted.Model.NamedWeights(), weight => Assert.Null(weight.Value.grad));
    }
}
