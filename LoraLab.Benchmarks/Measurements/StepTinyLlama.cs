using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>
/// Optimizer step with the shape of the paper's model and its full output head: literal, packed, packed with shared prefix.
/// </summary>
/// <param name="layers">Number of blocks; all 22 only on a GPU.</param>
/// <param name="dtype">Precision of the weights.</param>
/// <param name="label">Name of the adapters on the command line.</param>
/// <param name="spec">The adapters.</param>
/// <param name="target">Target of the speedup of the last implementation over the first; null: none.</param>
internal sealed class StepTinyLlama(int layers, ScalarType dtype, string label, RunSpec spec, Target? target) : IMeasurement
{
    /// <summary>Sentences of the run: a hundred windows are enough to select a typical one.</summary>
    public const int Sentences = 1600;

    /// <inheritdoc />
    public string Name => $"step-tinyllama{layers}-{PrecisionName}-{label}";

    /// <inheritdoc />
    public string Description =>
        $"optimizer step, TinyLlama shape with {layers} blocks and full head, {PrecisionName}, rank {spec.Rank} {label}";

    private string PrecisionName => PrecisionNames.Of(dtype);

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        bench.RequireGpuFor(layers);
        bench.Require(dtype);
        PreparedRun run = Preparation.Random(
            bench, spec with { TrainSamples = Sentences }, RandomWeights.TinyLlama(bench.TinyLlama, layers), dtype, evaluationRows: 1);
        using StepWorkload work = new(bench, run);
        SameMath.Perturb(run);
        int step = work.TypicalStep;
        string error = SameMath.Require(work, step, ("packed", work.Packed), ("packed with shared prefix", work.Shared));
        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("literal", 1, _ => work.Step(work.Literal, step)),
            [bench.Side("packed", 1, _ => work.Step(work.Packed, step)), bench.Side("shared", 1, _ => work.Step(work.Shared, step))],
            warmUp: 2);
        int rows = work.Passes.Of(step).Sum(pass => pass.Layout.Rows);
        string note = $"step {step} of SST-2: {work.Tokens(step)} tokens, {rows} rows with the prefix shared; {error}";
        return
        [
            bench.Speedup(this, compared, "literal", "packed, shared prefix", 2, target, note),
            bench.Speedup(this, compared, "literal", "packed", 1, note: note),
        ];
    }
}
