using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>
/// Fraction of the plain GEMM rate that a whole step reaches: its issued FLOPs per second, against products of the model's MLP matrices
/// with the same number of rows, forward and backward, with cold caches as in a step.
/// </summary>
/// <param name="dtype">Precision of the weights.</param>
internal sealed class GemmRate(ScalarType dtype) : IMeasurement
{
    private const int Layers = 2;
    private const int Sentences = 1600;

    /// <inheritdoc />
    public string Name => $"gemm-rate-{PrecisionNames.Of(dtype)}";

    /// <inheritdoc />
    public string Description => $"FLOP rate of the whole step / FLOP rate of plain GEMMs, TinyLlama shape with {Layers} blocks, "
        + PrecisionNames.Of(dtype);

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        bench.Require(dtype);
        PreparedRun run = Preparation.Random(
            bench,
            Specs.AllLinear with { TrainSamples = Sentences },
            RandomWeights.TinyLlama(bench.TinyLlama, Layers),
            dtype,
            evaluationRows: 1);
        using StepWorkload work = new(bench, run);
        int step = work.TypicalStep;
        double issued = Issued(work, step);
        int rows = work.Passes.Of(step).Sum(pass => pass.Layout.Rows);
        using Tensor narrow_TD = randn(rows, run.Model.Config.HiddenSize, device: run.Device).to(dtype).DetachFromDisposeScope();
        using Tensor wide_TF = randn(rows, run.Model.Config.IntermediateSize, device: run.Device).to(dtype).DetachFromDisposeScope();
        Tensor[] weights = [.. run.Model.Linears.Where(linear => linear.Name.Contains(".mlp.", StringComparison.Ordinal))
            .Select(linear => linear.Weight_OI)];
        double plain = weights.Sum(weight => 4.0 * rows * weight.shape[0] * weight.shape[1]);

        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("step", 1, _ => work.Step(work.Shared, step)),
            [bench.Side("GEMMs", 3, _ => Products(weights, narrow_TD, wide_TF))],
            warmUp: 2);
        Spread share = Scaled(compared.Share(1), issued / plain);
        return
        [
            new Finding
            {
                Measurement = Name,
                Description = Description,
                A = "plain GEMMs",
                B = "whole step",
                Unit = "B / A",
                Value = share,
                Wall = compared.Clock == Clock.Cpu ? compared.Share(1, Clock.Wall).Median * issued / plain : null,
                Control = compared.ControlRatio,
                Clock = compared.Clock,
                Target = Target.AtLeast(0.70, 0.85),
                Details = new Dictionary<string, double>
                {
                    ["A, GFLOP/s"] = plain / compared.Seconds(1) / 1e9,
                    ["B, GFLOP/s"] = issued / compared.Seconds(0) / 1e9,
                    ["step, GFLOP"] = issued / 1e9,
                },
                Note = $"{rows} rows; the FLOPs of the step are those of the frozen products only; adapters, attention, norms, "
                    + "loss and optimizer count only as time",
            }.WithVerdict(),
        ];
    }

    private static double Issued(StepWorkload work, int step)
    {
        using FlopLedger ledger = new();
        PackedLlama model = work.Model;
        model.Ledger = ledger;
        work.Step(work.Shared, step);
        model.Ledger = null;
        return ledger.Total;
    }

    private static void Products(Tensor[] weights, Tensor narrow_TD, Tensor wide_TF)
    {
        using IDisposable noGrad = no_grad();
        foreach (Tensor weight_OI in weights)
        {
            (Tensor x, Tensor g) = weight_OI.shape[1] == narrow_TD.shape[1] ? (narrow_TD, wide_TF) : (wide_TF, narrow_TD);
            using Tensor forward = functional.linear(x, weight_OI);
            using Tensor backward = g.mm(weight_OI);
        }
    }

    private static Spread Scaled(Spread spread, double factor) => new(spread.Median * factor, spread.Min * factor, spread.Max * factor);
}
