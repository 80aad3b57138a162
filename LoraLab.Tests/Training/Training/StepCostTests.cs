using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>Costs of a training step, counted rather than timed: device synchronizations, leaked tensors, managed garbage.</summary>
public sealed class StepCostTests(ITestOutputHelper output)
{
    private const int MaxManagedBytes = 64 << 10;
    private const int WarmUp = 20;

    [Theory]
    [InlineData("sample")]
    [InlineData("stories260K")]
    public void Train_ManySteps_NeitherWaitsNorLeaksNorAllocates(string model)
    {
        using TestTrainer trainer = new(fixtures: model != "sample");
        using OpenRun run = new(trainer, trainer.NewFolder(), Spec(model), clock: new StillClock());
        List<Cost> costs = [];

        Assert.Null(run.Run((_, _) => costs.Add(Cost.Now())));

        Cost[] steady = [.. costs.Skip(WarmUp)];
        Assert.True(steady.Length >= 60);

        // Reading the step log waits for the device, here once per 64 steps; a run reads it at most five times per second.
        Assert.InRange(steady[^1].Reads - steady[0].Reads, 0, (steady.Length / 64) + 1);
        Assert.Equal(steady[0].Tensors, steady[^1].Tensors);
        double bytes = steady.Zip(steady.Skip(1), (before, after) => (double)(after.Bytes - before.Bytes)).Order()
            .ElementAt(steady.Length / 2);
        output.WriteLine($"{model}: {bytes} managed bytes per step");
        Assert.InRange(bytes, 0, MaxManagedBytes);
    }

    private static JsonObject Spec(string model)
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["model"] = model;
        spec["dataset"] = model == "sample" ? "sample" : "sst2";
        spec["targetModules"] = "all-linear";
        spec["trainSamples"] = 340;
        spec["effectiveBatch"] = 4;
        spec["evalEvery"] = 1000;
        spec["evalSamples"] = 4;
        return spec;
    }

    private sealed record Cost(long Reads, long Tensors, long Bytes)
    {
        public static Cost Now() =>
            new(TensorReader.Reads, DisposeScopeManager.Statistics.ThreadTotalLiveCount, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>A stopped clock: steps are committed only when the log is full.</summary>
    private sealed class StillClock : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }
}
