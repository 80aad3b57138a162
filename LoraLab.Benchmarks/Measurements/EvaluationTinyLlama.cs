using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>An evaluation of the paper's shape with its whole output head, over some of the 872 rows.</summary>
/// <param name="layers">Blocks; all of them on a GPU only.</param>
/// <param name="dtype">Precision of the weights.</param>
internal sealed class EvaluationTinyLlama(int layers, ScalarType dtype) : IMeasurement
{
    private const int Rows = 109;
    private const double Limit = 1e-3;
    private const double HalfLimit = 0.3;

    /// <inheritdoc />
    public string Name => $"evaluation-tinyllama{layers}-{(dtype == ScalarType.BFloat16 ? "bf16" : "fp32")}";

    /// <inheritdoc />
    public string What => $"evaluation, TinyLlama shape with {layers} blocks and full head, {(dtype == ScalarType.BFloat16 ? "bf16" : "fp32")}, every eighth of the 872 rows";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        bench.RequireGpuFor(layers);
        bench.Require(dtype);
        using PreparedRun run = Preparation.Random(bench, Specs.AllLinear with { TrainSamples = 16 }, RandomWeights.TinyLlama(bench.TinyLlama, layers), dtype, Rows);
        SameMath.Disturb(run);
        return [EvaluationComparison.Of(bench, this, run, dtype == ScalarType.BFloat16 ? HalfLimit : Limit, Target.AtLeast(3.3, 5))];
    }
}
