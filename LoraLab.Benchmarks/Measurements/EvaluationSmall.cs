using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>
/// Evaluation of a small real model over all rows: one forward pass per sentence with logits at every position, against the engine.
/// </summary>
/// <param name="model">Name of the model.</param>
/// <param name="spec">Specification of the run.</param>
internal sealed class EvaluationSmall(string model, Func<Bench, RunSpec> spec) : IMeasurement
{
    private const double Limit = 1e-3;

    /// <inheritdoc />
    public string Name => $"evaluation-{model}";

    /// <inheritdoc />
    public string Description => $"evaluation, {model}, fp32, all rows";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder data = bench.CreateTemporaryFolder();
        using PreparedRun run = Preparation.FromCatalog(bench, spec(bench), data.FullPath);
        SameMath.Perturb(run);
        return [EvaluationComparison.Run(bench, this, run, Limit, Target.AtLeast(3.3, 5))];
    }
}
