using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>The gradient computed and discarded before the first step to measure its memory.</summary>
public sealed class ProbeTests : IDisposable
{
    private readonly TestTrainer _trainer = new();

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [InlineData("lora", 0.1)]
    [InlineData("pissa", 0.0)]
    public void Probe_BeforeTraining_ChangesNoBit(string method, double dropout)
    {
        JsonObject spec = MicroSpec.For(method);
        spec["dropout"] = dropout;
        FinishedRun probed = _trainer.Run(spec);

        using OpenRun plain = new(_trainer, _trainer.NewFolder(), spec);
        Assert.Null(plain.Run());

        Assert.True(probed.Prepared.Environment.ProbeMemoryMb > 0);
        Assert.Equal(plain.Reported(MetricKeys.TrainLoss).Select(point => point.Value), probed.Series(MetricKeys.TrainLoss).Values);
        Assert.Equal(plain.Reported(MetricKeys.TrainGradNorm).Select(point => point.Value), probed.Series(MetricKeys.TrainGradNorm).Values);
        Assert.Equal(plain.Reported(MetricKeys.EvalLoss).Select(point => point.Value), probed.Series(MetricKeys.EvalLoss).Values);
    }

    [Fact]
    public void Probe_ReferencePath_IsMadeToo()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["microBatch"] = 1;
        spec["maxSteps"] = 1;

        Assert.True(_trainer.Run(spec).Prepared.Environment.ProbeMemoryMb > 0);
    }

    [Fact]
    public void Evaluation_LossNotFinite_EndsAsDivergedAndKeepsThePreviousCheckpoint()
    {
        JsonObject spec = MicroSpec.For("lora");
        (spec["learningRate"], spec["maxGradNorm"], spec["evalEvery"]) = (1e38, null, 1);

        FinishedRun run = _trainer.Run(spec);

        Assert.Equal(EndReason.Diverged, run.Ended.Reason);
        Assert.Contains("evaluation loss became", run.Ended.Error, StringComparison.Ordinal);
        Assert.Equal(0, run.Events.OfType<CheckpointSaved>().Last().Step);
        Assert.Equal(
            ["step-00000000"], Directory.EnumerateDirectories(Path.Combine(run.Folder, RunFiles.Checkpoints)).Select(Path.GetFileName));
        Assert.Contains(run.Ended.Suggestions, suggestion => (double)suggestion.Changes["learningRate"]! == 1e37);
    }
}
