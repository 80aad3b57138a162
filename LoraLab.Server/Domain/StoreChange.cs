using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>What a transaction changed, told inside the process after it was taken; clients hear of it as live events.</summary>
internal abstract record StoreChange;

/// <summary>A run is new, another, or gone.</summary>
/// <param name="Before">As it was; null: it is new.</param>
/// <param name="After">As it is; null: it was deleted.</param>
/// <param name="Points">Points that came with it.</param>
internal sealed record RunChanged(RunDocument? Before, RunDocument? After, IReadOnlyList<MetricPoint> Points) : StoreChange
{
    /// <summary>The study or sweep that the run belongs to; null: none.</summary>
    public string? ExperimentId => (After ?? Before) is { } run ? run.StudyId ?? run.SweepId : null;

    /// <summary>Whether a study or sweep may go on for it: more happened than steps.</summary>
    public bool IsMoreThanProgress =>
        Before is null || After is null || Before.State != After.State || !SameAttempts(Before.Attempts, After.Attempts) || Points.Any(point => MetricKeys.IsEvaluation(point.Key));

    /// <summary>Whether the queue may look different for it: another state, name or priority.</summary>
    public bool AffectsQueue => (Before?.State, Before?.Name, Before?.Priority) != (After?.State, After?.Name, After?.Priority);

    /// <summary>But for the number of the last event, which every import of steps raises.</summary>
    private static bool SameAttempts(IReadOnlyList<RunAttempt> before, IReadOnlyList<RunAttempt> after) =>
        before.Count == after.Count && (after.Count == 0 || before[^1] with { LastEvent = after[^1].LastEvent } == after[^1]);
}

/// <summary>The database was opened again after a failure: anything may differ from what was told.</summary>
internal sealed record StoreReopened : StoreChange;
