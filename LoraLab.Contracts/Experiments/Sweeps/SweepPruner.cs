namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>A rule that stops runs early. A stopped run is <c>cancelled</c> with the reason <c>pruned</c>; its schedule is never changed.</summary>
public sealed record SweepPruner
{
    /// <summary>Which rule.</summary>
    public SweepPrunerKind Kind { get; init; }

    /// <summary><c>median</c>: no run is stopped at an evaluation before this step; null: the second evaluation's.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary><c>median</c>: no run is stopped before so many others were evaluated at the same step; null: 4.</summary>
    public int? MinimumRuns { get; init; }

    /// <summary><c>halving</c>: step of the first rung; null: the first evaluation's. Rungs lie at evaluations: another step is moved up to the next.</summary>
    public int? FirstRung { get; init; }

    /// <summary><c>halving</c>: one of so many runs goes on from a rung, and the next rung lies so many times further; null: 3.</summary>
    public int? Factor { get; init; }
}

/// <summary>Rules that stop runs early.</summary>
public enum SweepPrunerKind
{
    /// <summary>Stops a run whose best evaluation so far is worse than the median of the others' at the same step.</summary>
    Median,

    /// <summary>Stops every run at rungs; the best go on from their checkpoints.</summary>
    Halving,
}
