using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Memory;
using LoraLab.Training.Training.Optimization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training;

/// <summary>Memory saved without another result: blocks that are computed again, and moments in the memory of the host.</summary>
public sealed class RecomputeTests : IDisposable
{
    private readonly TestTrainer _trainer = new();

    [Theory]
    [InlineData("lora", "cpu")]
    [InlineData("lora", "gpu")]
    [InlineData("ia3", "cpu")]
    [InlineData("full", "cpu")]
    public void Train_BlocksComputedAgain_GivesTheSameBytes(string method, string kernels)
    {
        using IDisposable chosen = Kernels.Choose(kernels == "gpu" ? KernelSet.Gpu : KernelSet.Cpu);

        FinishedRun saved = Run(method, "none");
        FinishedRun again = Run(method, "blocks");

        Assert.Equal(saved.Series(MetricKeys.TrainGradNorm), again.Series(MetricKeys.TrainGradNorm));
        Assert.Equal(saved.ResultBytes(), again.ResultBytes());
        Assert.Equal(Recompute.Blocks, again.Prepared.Spec.Recompute);
    }

    [Fact]
    public void Estimate_BlocksComputedAgain_NeedsLessAndAutoTakesItOnlyThen()
    {
        LlamaConfig config = LlamaConfig.ReadFile(Path.Combine(Fixtures.Data(), "configs", "Llama-3.2-3B.json"));
        RunSpec spec = FitTable.FourBits;
        MemoryEstimate saved = FitTable.Estimate(spec with { Recompute = Recompute.None }, config.WithBase(spec.BaseWeights), 100_000);
        MemoryEstimate again = FitTable.Estimate(spec with { Recompute = Recompute.Blocks }, config.WithBase(spec.BaseWeights), 100_000);

        Assert.True(again.ActivationsMb < saved.ActivationsMb / 4);
        Assert.True(again.TotalMb < saved.TotalMb);
        Assert.Equal(Recompute.None, Run("lora", "auto").Prepared.Spec.Recompute);
    }

    [Fact]
    public void Estimate_MomentsOnTheHost_LeavesOnlyAPartOnTheGpu()
    {
        LlamaConfig config = LlamaConfig.ReadFile(Path.Combine(Fixtures.Data(), "configs", "Llama-3.2-1B.json"));
        RunSpec full = new() { Method = "full", Precision = Precision.Bf16 };
        MemoryEstimate device = FitTable.Estimate(full, config, 100_000);
        MemoryEstimate host = FitTable.Estimate(full with { OptimizerState = OptimizerState.Host }, config, 100_000);

        Assert.Equal(
            8.0 * (config.ParameterCount - MemoryEstimator.PageValues) / (1024 * 1024), device.OptimizerMb - host.OptimizerMb, 1e-3);
    }

    // Parts of whole vectors, as the kernels compute them: the last values of others are rounded one by one.
    [Fact]
    public void Step_MomentsOnTheHost_GivesTheSameValues() => Assert.Equal(Updated(null), Updated(32));

    public void Dispose() => _trainer.Dispose();

    private static float[] Updated(int? pageValues)
    {
        TorchRuntime.EnsureLoaded();
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new(1, CPU);
        Tensor[] values = [randn([16, 4], generator: generator), randn([48], generator: generator)];
        FlatParameters flat = new(values.Select((value, i) => ($"p{i}", value.DetachFromDisposeScope(), 0.1 * (i + 1))));
        using FusedAdamW optimizer = new(flat, 0.01, 1.0, pageValues: pageValues);
        Tensor log = zeros([3, 2], float64);
        for (int step = 1; step <= 3; step++)
        {
            flat.Gradients.copy_(randn([flat.Gradients.numel()], generator: generator));
            optimizer.Step(step, zeros(1, float64), 1, 1, log, step - 1);
        }

        return [.. TensorReader.Floats(flat.Values), .. optimizer.State.SelectMany(state => TensorReader.Floats(state.Value.flatten()))];
    }

    private FinishedRun Run(string method, string recompute)
    {
        JsonObject spec = MicroSpec.For(method);
        (spec["recompute"], spec["evalEvery"]) = (recompute, 100);
        if (!LoraMethods.Find(method)!.Descriptor.UnusedFields.Contains("dropout"))
        {
            spec["dropout"] = 0.1;
        }

        FinishedRun run = _trainer.Run(spec);
        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        return run;
    }
}
