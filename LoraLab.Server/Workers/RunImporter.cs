using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Workers;

/// <summary>Imports worker events into the store: document, points and live events in one transaction.</summary>
/// <param name="store">The store.</param>
/// <param name="time">The clock.</param>
/// <param name="groups">Imports what several runs report in one transaction; null: each has its own.</param>
internal sealed class RunImporter(IRunStore store, TimeProvider time, ImportGroups? groups = null)
{
    /// <summary>Imports events, unless they are stored.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="events">What its worker reported.</param>
    /// <param name="stored">Number of the last event of this attempt that was stored before.</param>
    /// <exception cref="StoreWentBackException">That one is not stored any more.</exception>
    public void Import(string runId, IReadOnlyList<WorkerEvent> events, long stored = 0)
    {
        if (events.Count == 0)
        {
            return;
        }

        bool taken = groups is null
            ? store.Transact(StoreScope.Attempt(runId), transaction => Apply(transaction, runId, events, stored))
            : groups.Import(runId, events, stored);
        if (taken)
        {
            Count(events);
        }
    }

    /// <summary>Writes events of a run; false: they change nothing, because they are stored or the run has ended.</summary>
    public static bool Apply(IStoreTransaction transaction, string runId, IReadOnlyList<WorkerEvent> events, long stored = 0)
    {
        if (transaction.Find(runId) is not { } run || run.Document.State.IsTerminal())
        {
            return false;
        }

        if (run.Document.Attempts[^1].LastEvent < stored)
        {
            throw new StoreWentBackException(runId);
        }

        RunUpdate update = RunProjector.Apply(run.Document, events);
        if (ReferenceEquals(update.Document, run.Document))
        {
            return false;
        }

        transaction.Put(run with { Document = update.Document });
        transaction.AddPoints(runId, update.Points);
        if (update.Points.Count > 0 || update.SupersededAfter is not null)
        {
            transaction.Emit(
                runId,
                LiveEventTypes.RunMetrics,
                new RunMetrics(runId, Columns(update.Points)) { SupersededAfter = update.SupersededAfter });
        }

        if (update.DocumentChanged)
        {
            transaction.EmitState(update.Document);
        }

        if (update.Document.Progress != run.Document.Progress)
        {
            transaction.Emit(runId, LiveEventTypes.RunProgress, update.Document.Progress);
        }

        return true;
    }

    /// <summary>Marks a run whose worker is alive without progress; its next event clears the mark.</summary>
    public void MarkStalled(string runId)
    {
        if (store.Find(runId) is not { Document: { Progress.Stalled: false } seen } || seen.State.IsTerminal())
        {
            return;
        }

        store.Transact(StoreScope.Attempt(runId), transaction =>
        {
            if (transaction.Find(runId) is { } run && !run.Document.State.IsTerminal())
            {
                RunDocument document = run.Document with { Progress = run.Document.Progress with { Stalled = true } };
                transaction.Put(run with { Document = document });
                transaction.EmitState(document);
            }
        });
    }

    private void Count(IReadOnlyList<WorkerEvent> events)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (WorkerEvent reported in events)
        {
            Telemetry.Events.Add(1, new KeyValuePair<string, object?>("kind", reported.GetType().Name));
            Telemetry.ImportLag.Record(Math.Max(0, (now - reported.At).TotalSeconds));
            Telemetry.Steps.Add(reported is MetricsRecorded metrics ? metrics.Steps.Count : 0);
        }
    }

    private static Dictionary<string, MetricSeries> Columns(List<MetricPoint> points) =>
        points.GroupBy(point => point.Key).ToDictionary(group => group.Key, SeriesBuilder.Of);
}
