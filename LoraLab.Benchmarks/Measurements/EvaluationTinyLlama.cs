using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Evaluation with the shape of the paper's model and its full output head, on a subset of the 872 rows.</summary>
/// <param name="layers">Number of blocks; all 22 only on a GPU.</param>
/// <param name="dtype">Precision of the weights.</param>
internal sealed class EvaluationTinyLlama(int layers, ScalarType dtype) : IMeasurement
{
    private const int Rows = 109;
    private const double Limit = 1e-3;
    private const double HalfLimit = 0.3;

    /// <inheritdoc />
    public string Name => $"evaluation-tinyllama{layers}-{PrecisionNames.Of(dtype)}";

    /// <inheritdoc />
    public string Description => $"evaluation, TinyLlama shape with {layers} blocks and full head, "
        + $"{PrecisionNames.Of(dtype)}, every eighth of the 872 rows";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        bench.RequireGpuFor(layers);
        bench.Require(dtype);
        using PreparedRun run = Preparation.Random(
            bench, Specs.AllLinear with { TrainSamples = 16 }, RandomWeights.TinyLlama(bench.TinyLlama, layers), dtype, Rows);
        SameMath.Perturb(run);
        return [EvaluationComparison.Run(bench, this, run, dtype == ScalarType.Float32 ? Limit : HalfLimit, Target.AtLeast(3.3, 5))];
    }
}
