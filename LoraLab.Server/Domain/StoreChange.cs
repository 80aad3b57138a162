using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>A change made by a transaction, published inside the process after the commit; clients receive live events instead.</summary>
internal abstract record StoreChange;

/// <summary>A run was created, changed or deleted.</summary>
/// <param name="Before">The document before; null: the run is new.</param>
/// <param name="After">The document after; null: the run was deleted.</param>
/// <param name="Points">Points added by the transaction.</param>
internal sealed record RunChanged(RunDocument? Before, RunDocument? After, IReadOnlyList<MetricPoint> Points) : StoreChange
{
    /// <summary>The study or sweep that the run belongs to; null: none.</summary>
    public string? ExperimentId => (After ?? Before) is { } run ? run.StudyId ?? run.SweepId : null;

    /// <summary>Whether the change may let a study or sweep proceed: more than optimizer steps happened.</summary>
    public bool IsMoreThanProgress =>
        Before is null || After is null || Before.State != After.State || !SameAttempts(Before.Attempts, After.Attempts)
            || Points.Any(point => MetricDescriptor.IsEvaluationKey(point.Key));

    /// <summary>Whether the change may affect the queue: another state, name or priority.</summary>
    public bool AffectsQueue => (Before?.State, Before?.Name, Before?.Priority) != (After?.State, After?.Name, After?.Priority);

    /// <summary>Ignores the number of the last event, which every import of steps raises.</summary>
    private static bool SameAttempts(IReadOnlyList<RunAttempt> before, IReadOnlyList<RunAttempt> after) =>
        before.Count == after.Count && (after.Count == 0 || before[^1] with { LastEvent = after[^1].LastEvent } == after[^1]);
}

/// <summary>Another node was asked to stop a run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Kill">Whether it gets no time to save a checkpoint.</param>
internal sealed record StopRequested(string RunId, bool Kill) : StoreChange;

/// <summary>The database was reopened after a failure: anything may differ from the changes published so far.</summary>
internal sealed record StoreReopened : StoreChange;
