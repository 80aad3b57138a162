using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>An evaluation of a small real model over all rows: one forward a sentence with logits everywhere, against the engine's.</summary>
/// <param name="model">Name of the model.</param>
/// <param name="spec">Its run.</param>
internal sealed class EvaluationSmall(string model, Func<Bench, RunSpec> spec) : IMeasurement
{
    private const double Limit = 1e-3;

    /// <inheritdoc />
    public string Name => $"evaluation-{model}";

    /// <inheritdoc />
    public string What => $"evaluation, {model}, fp32, all rows";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder data = bench.Temporary();
        using PreparedRun run = Preparation.FromCatalog(bench, spec(bench), data.FullPath);
        SameMath.Disturb(run);
        return [EvaluationComparison.Of(bench, this, run, Limit, Target.AtLeast(3.3, 5))];
    }
}
