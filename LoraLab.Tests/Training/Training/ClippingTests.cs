using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters.Peft;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>Clipping in a run; the golden trajectories check the clipped values.</summary>
public sealed class ClippingTests
{
    [Fact]
    public void Train_LimitAboveEveryNorm_ChangesNoBit()
    {
        using TestTrainer trainer = new();

        (FinishedRun unclipped, FinishedRun loose, FinishedRun tight) = (Run(trainer, null), Run(trainer, 1e6), Run(trainer, 0.001));

        Assert.All(unclipped.Series(MetricKeys.TrainGradNorm).Values, norm => Assert.InRange(norm, 0.002, 1e5));
        Assert.Equal(Weights(unclipped), Weights(loose));
        Assert.NotEqual(Weights(unclipped), Weights(tight));
        // The recorded norm is the one before clipping.
        Assert.Equal(unclipped.Series(MetricKeys.TrainGradNorm)[1], tight.Series(MetricKeys.TrainGradNorm)[1]);
    }

    private static FinishedRun Run(TestTrainer trainer, double? limit)
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["maxGradNorm"] = limit;
        return trainer.Run(spec);
    }

    private static byte[] Weights(FinishedRun run) => File.ReadAllBytes(Path.Combine(run.Folder, RunFiles.Adapter, PeftFiles.Weights));
}
