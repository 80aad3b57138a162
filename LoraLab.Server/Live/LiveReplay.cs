using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Live;

/// <summary>
/// Adds topics to a subscription, with a replay of the events after a number, or with a snapshot if they are not available.
/// </summary>
internal sealed class LiveReplay(IRunStore store, RunLogs logs, TimeProvider time)
{
    private const int LogTailBytes = 16 * 1024;

    /// <summary>Returns the number of the last event included; <paramref name="afterSeq"/> null: live events only.</summary>
    public long Add(LiveSubscription subscription, IEnumerable<string> topics, long? afterSeq)
    {
        IReadOnlyList<string> fresh = subscription.Hold(topics);
        EventPage page = store.ReadEvents(afterSeq ?? store.Seq, SingleRun(fresh));
        IEnumerable<LiveEvent> replay = !page.Complete
            ? fresh.SelectMany(topic => Snapshot(topic, page.Seq))
            : Refresh(page.Events.Where(live => fresh.Any(topic => LiveTopics.Carries(topic, live))));
        IEnumerable<LiveEvent> tails = fresh.Where(LiveTopics.IsLogs).SelectMany(LogTail);
        subscription.Release(fresh, [.. replay, .. tails], page.Seq);
        return page.Seq;
    }

    private static string? SingleRun(IReadOnlyList<string> topics)
    {
        string? run = topics.Count == 0 ? null : LiveTopics.GetRunId(topics[0]);
        return topics.All(topic => LiveTopics.GetRunId(topic) == run) ? run : null;
    }

    /// <summary>Keeps only the last of the queue's events, with the current queue.</summary>
    private IEnumerable<LiveEvent> Refresh(IEnumerable<LiveEvent> events)
    {
        List<LiveEvent> list = [.. events];
        LiveEvent? lastQueue = list.FindLast(live => live.Type == LiveEventTypes.QueueChanged);
        return list
            .Where(live => live.Type != LiveEventTypes.QueueChanged || ReferenceEquals(live, lastQueue))
            .Select(live => ReferenceEquals(live, lastQueue) ? live with { Data = ToJson(Queue()) } : live);
    }

    private IEnumerable<LiveEvent> Snapshot(string topic, long seq)
    {
        if (topic == LiveHub.Queue)
        {
            return [Create(seq, null, LiveEventTypes.QueueChanged, Queue())];
        }

        if (topic == LiveHub.Runs)
        {
            return store.Enumerate(RunFilter.All)
                .Select(run => Create(seq, run.Document.Id, LiveEventTypes.RunState, store.WithQueuePosition(run.Document)));
        }

        if (LiveTopics.GetExperimentKind(topic) is not null || LiveTopics.GetExperiment(topic) is not null)
        {
            return store.ListExperiments().OrderBy(experiment => experiment.Id, StringComparer.Ordinal)
                .Select(experiment => Create(
                    seq,
                    null,
                    LiveEventTypes.ExperimentChanged,
                    new ExperimentNotice(experiment.Kind, experiment.Id, experiment.Name, experiment.Ended)))
                .Where(live => LiveTopics.Carries(topic, live));
        }

        return LiveTopics.GetRunId(topic) is { } id && !LiveTopics.IsLogs(topic) && store.Find(id) is { } found
            ? [
                Create(seq, id, LiveEventTypes.RunState, store.WithQueuePosition(found.Document)),
                Create(seq, id, LiveEventTypes.RunMetrics, new RunMetrics(id, store.ReadSeries(id, null))),
            ]
            : [];
    }

    private QueueDocument Queue() => store.QueuePage(limit: QueuePage.LiveLimit).Document;

    /// <summary>Logs replay by offset: with the end of the log, a client needs no further request to join.</summary>
    private IEnumerable<LiveEvent> LogTail(string topic)
    {
        string id = LiveTopics.GetRunId(topic)!;
        LogChunk? tail = store.Find(id) is { } run ? logs.ReadTail(run.Document, LogTailBytes) : null;
        return tail is null || tail.Text.Length == 0 ? [] : [Create(0, id, LiveEventTypes.RunLog, tail)];
    }

    private LiveEvent Create<T>(long seq, string? runId, string type, T data) => new(seq, runId, type, time.GetUtcNow(), ToJson(data));

    private static JsonElement ToJson<T>(T data) => JsonSerializer.SerializeToElement(data, ContractJson.Options);
}
