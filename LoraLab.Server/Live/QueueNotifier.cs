using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Composition;
using LoraLab.Server.Queue;
using LoraLab.Server.Store;

namespace LoraLab.Server.Live;

/// <summary>
/// Watches runs and tells when the queue looks different, a few times a second at most: a burst of a hundred submissions
/// is a handful of messages.
/// </summary>
internal sealed class QueueNotifier(IRunStore store, LiveFeed feed, TimeProvider time) : LoopService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        LiveSubscription subscription = feed.Open();
        try
        {
            subscription.Release(subscription.Hold([LiveHub.Runs]), [], store.Seq);
            string told = "";
            while (await subscription.Events.WaitToReadAsync(stoppingToken))
            {
                while (subscription.Events.TryRead(out _))
                {
                    // Only that something happened matters.
                }

                QueueDocument queue = QueueOrder.Describe(store);
                string look = Look(queue);
                if (look != told)
                {
                    told = look;
                    store.Transact(transaction =>
                    {
                        transaction.Emit(null, LiveEventTypes.QueueChanged, QueueOrder.Describe([.. transaction.Runs], transaction.Paused));
                        return true;
                    });
                }

                await Task.Delay(Pause, time, stoppingToken);
            }
        }
        finally
        {
            feed.Close(subscription);
        }
    }

    private static string Look(QueueDocument queue) =>
        string.Join(' ', queue.Running.Select(run => $"{run.Id}:{run.State}").Concat(queue.Queued.Select(run => $"{run.Id}:{run.Priority}:{run.Name}")));
}
