using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Runs;
using LoraLab.Server.Store;

namespace LoraLab.Server.Worker;

/// <summary>Takes worker events into the store: document, points and live events in one transaction.</summary>
internal sealed class RunImporter(IRunStore store)
{
    public void Import(string runId, IReadOnlyList<WorkerEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }

        store.Transact(transaction =>
        {
            if (transaction.Find(runId) is not { } run || run.Document.State.IsTerminal())
            {
                return false;
            }

            RunUpdate update = RunProjector.Apply(run.Document, events);
            if (ReferenceEquals(update.Document, run.Document))
            {
                return false;
            }

            transaction.Put(run with { Document = update.Document });
            transaction.AddPoints(runId, update.Points);
            if (update.Points.Count > 0)
            {
                transaction.Emit(runId, LiveEventTypes.RunMetrics, new RunMetrics(runId, Columns(update.Points)));
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
        });
    }

    private static Dictionary<string, MetricSeries> Columns(List<MetricPoint> points) =>
        points.GroupBy(point => point.Key).ToDictionary(group => group.Key, SeriesBuilder.Of);
}
