using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Fraction of a step spent on zeroing gradients, norm, clipping and AdamW.</summary>
internal sealed class OptimizerShare : IMeasurement
{
    private const int Layers = 2;
    private const int Sentences = 1600;

    /// <inheritdoc />
    public string Name => "optimizer-share";

    /// <inheritdoc />
    public string Description => $"optimizer and clipping / step, TinyLlama shape with {Layers} blocks, rank 32 all-linear";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        ScalarType dtype = bench.Supports(ScalarType.BFloat16) ? ScalarType.BFloat16 : ScalarType.Float32;
        PreparedRun run = Preparation.Random(
            bench,
            Specs.AllLinear with { TrainSamples = Sentences },
            RandomWeights.TinyLlama(bench.TinyLlama, Layers),
            dtype,
            evaluationRows: 1);
        using StepWorkload work = new(bench, run);
        int step = work.TypicalStep;
        using Tensor loss = ones(1, float64, bench.Device).DetachFromDisposeScope();
        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("step", 1, _ => work.Step(work.Shared, step)),
            [bench.Side("optimizer", 20, _ => Optimize(work, loss))],
            warmUp: 2);
        return
        [
            Finding.OfShare(
                this,
                ("step", "optimizer and clipping"),
                compared,
                Target.NoMoreThan(bench.Clock == Clock.Cpu ? 0.01 : 0.05, bench.Clock == Clock.Cpu ? 0.005 : 0.01),
                $"{run.TrainableParameters:N0} trained parameters, {dtype} weights; with 2 of 22 blocks the head takes a larger "
                    + "part of the step than in the whole model, and the optimizer a smaller one") with
            {
                Details = new Dictionary<string, double> { ["step, s"] = compared.Seconds(0), ["optimizer, s"] = compared.Seconds(1) },
            },
        ];
    }

    // The row of the step log is not advanced, nothing is committed, and the gradient is zero.
    private static void Optimize(StepWorkload work, Tensor loss)
    {
        work.BeginStep();
        work.Update(1, loss);
    }
}
