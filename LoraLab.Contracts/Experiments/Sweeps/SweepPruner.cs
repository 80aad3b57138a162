using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>Rules that stop runs early.</summary>
public enum SweepPrunerKind
{
    /// <summary>Stops a run whose best evaluation so far is worse than the median of the other runs at the same step.</summary>
    Median,

    /// <summary>Stops every run at each rung; the best continue from their checkpoints.</summary>
    Halving,
}

/// <summary>
/// A rule that stops runs early. A stopped run is <c>cancelled</c> with the reason <c>pruned</c>; its schedule does not change.
/// </summary>
public sealed record SweepPruner
{
    /// <summary>The rule.</summary>
    public SweepPrunerKind Kind { get; init; }

    /// <summary><c>median</c>: no run is stopped before this step; null: the step of the second evaluation.</summary>
    [Range(1, int.MaxValue)]
    public int? WarmupSteps { get; init; }

    /// <summary>
    /// <c>median</c>: number of other runs that must have been evaluated at the same step before a run is stopped; null: 4.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int? MinimumRuns { get; init; }

    /// <summary><c>halving</c>: step of the first rung, rounded up to an evaluation; null: the step of the first evaluation.</summary>
    [Range(1, int.MaxValue)]
    public int? FirstRung { get; init; }

    /// <summary>
    /// <c>halving</c>: reduction factor: one in this many runs continues past a rung, and the step of the next rung is larger by this
    /// factor; null: 3.
    /// </summary>
    [Range(SweepLimits.LeastFactor, SweepLimits.Factor)]
    public int? Factor { get; init; }
}
