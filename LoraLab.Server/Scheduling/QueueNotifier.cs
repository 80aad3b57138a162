using LoraLab.Contracts.Live;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Publishes changes of the queue, at most a few times per second: a burst of a hundred submissions produces a handful of
/// messages. Of several nodes, the leader does.
/// </summary>
internal sealed class QueueNotifier(
    IRunStore store, StoreChanges changes, INodes nodes, TimeProvider time, ILogger<QueueNotifier> log) : BackgroundLoop(time, log)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using ChangeListener listener = changes.Subscribe(static change => change is StoreReopened or RunChanged { AffectsQueue: true });
        int? reported = null;
        do
        {
            reported = NotifyIfChanged(reported);
            await Task.Delay(_pause, Time, stoppingToken);
            while (listener.Changes.TryRead(out _))
            {
                // Only the fact that something changed matters.
            }

            // Changes during the pause.
            reported = NotifyIfChanged(reported);
        }
        while (await listener.Changes.WaitToReadAsync(stoppingToken));
    }

    private int? NotifyIfChanged(int? reported)
    {
        if (!nodes.IsLeader)
        {
            return null;
        }

        int signature = Signature(store.QueuePage());
        if (signature != reported)
        {
            store.Transact(StoreScope.Queue, transaction => transaction.Emit(
                null, LiveEventTypes.QueueChanged, transaction.QueuePage(limit: QueuePage.LiveLimit).Document));
        }

        return signature;
    }

    /// <summary>Covers all queued runs: a client may show any of them, although the event has only the first.</summary>
    private static int Signature(QueuePage queue)
    {
        HashCode signature = default;
        foreach (StoredRun run in queue.Running)
        {
            signature.Add((run.Document.Id, run.Document.State));
        }

        foreach (StoredRun run in queue.Waiting)
        {
            signature.Add((run.Document.Id, run.Document.Priority, run.Document.Name));
        }

        return signature.ToHashCode();
    }
}
