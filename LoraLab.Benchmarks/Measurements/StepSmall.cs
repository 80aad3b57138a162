using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>Optimizer step of a small real model on real data, where calls dominate over arithmetic.</summary>
/// <param name="model">Name of the model.</param>
/// <param name="spec">Specification of the run.</param>
internal sealed class StepSmall(string model, Func<Bench, RunSpec> spec) : IMeasurement
{
    private const int Windows = 10;

    /// <inheritdoc />
    public string Name => $"step-{model}";

    /// <inheritdoc />
    public string Description => $"optimizer step, {model}, fp32";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        using TemporaryFolder data = bench.CreateTemporaryFolder();
        PreparedRun run = Preparation.FromCatalog(bench, spec(bench), data.FullPath);
        using StepWorkload work = new(bench, run);
        SameMath.Perturb(run);
        string error = SameMath.Require(work, 1, ("packed", work.Packed), ("packed with shared prefix", work.Shared));
        Comparison compared = Blocks.Compare(
            bench,
            bench.Side("literal", Windows, i => work.Step(work.Literal, i + 1)),
            [bench.Side("packed", Windows, i => work.Step(work.Packed, i + 1)), bench.Side(
                "shared", Windows, i => work.Step(work.Shared, i + 1))],
            warmUp: 3);
        int rows = work.Passes.Of(1).Sum(pass => pass.Layout.Rows);
        string note = $"rank {run.Spec.Rank}, all linear, {run.Spec.LossScope.ToString().ToLowerInvariant()} loss; "
            + $"median of the first {Windows} windows ({work.Tokens(1)} tokens, {rows} rows in the first); {error}";
        return
        [
            bench.Speedup(this, compared, "literal", "packed, shared prefix", 2, Target.AtLeast(3, 6), note),
            bench.Speedup(this, compared, "literal", "packed", 1, note: note),
        ];
    }
}
