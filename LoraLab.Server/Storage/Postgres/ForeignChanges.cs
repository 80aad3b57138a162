using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>What events of other nodes say about changes of the store, which only the node that made them knows exactly.</summary>
/// <param name="reader">Reads runs.</param>
internal sealed class ForeignChanges(IStoreReader reader)
{
    /// <summary>The types of events that say something.</summary>
    public static readonly string[] Types =
        [LiveEventTypes.RunState, LiveEventTypes.RunMetrics, LiveEventTypes.QueueChanged, LiveEventTypes.ExperimentChanged];

    /// <summary>The changes of one event.</summary>
    public IEnumerable<StoreChange> Of(LiveEvent live)
    {
        switch (live.Type)
        {
            case LiveEventTypes.RunState when live.Data.TryGetProperty("id", out _):
                RunDocument run = live.Data.Deserialize<RunDocument>(ContractJson.Options)!;
                yield return new RunChanged(null, run, []);
                if (run.State == RunState.Cancelling)
                {
                    yield return new StopRequested(run.Id, Kill: run.CancelBy <= live.At);
                }

                break;
            case LiveEventTypes.RunState or LiveEventTypes.QueueChanged or LiveEventTypes.ExperimentChanged:
                yield return new StoreReopened();
                break;
            case LiveEventTypes.RunMetrics when IsEvaluation(live.Data) && reader.Find(live.RunId!) is { } evaluated:
                yield return new RunChanged(null, evaluated.Document, []);
                break;
        }
    }

    private static bool IsEvaluation(JsonElement metrics) => metrics.TryGetProperty("series", out JsonElement series)
        && series.EnumerateObject().Any(one => MetricDescriptor.IsEvaluationKey(one.Name));
}
