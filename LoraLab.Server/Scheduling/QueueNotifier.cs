using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Publishes changes of the queue, at most a few times per second: a burst of a hundred submissions produces a handful of
/// messages.
/// </summary>
internal sealed class QueueNotifier(
    IRunStore store, StoreChanges changes, TimeProvider time, ILogger<QueueNotifier> log) : BackgroundLoop(time, log)
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using ChangeListener listener = changes.Subscribe(static change => change is StoreReopened or RunChanged { AffectsQueue: true });
        string reported = "";
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

    private string NotifyIfChanged(string reported)
    {
        string signature = Signature(store.QueuePage().Document);
        if (signature != reported)
        {
            store.Transact(StoreScope.Queue, transaction =>
                transaction.Emit(null, LiveEventTypes.QueueChanged, transaction.QueuePage().Document));
        }

        return signature;
    }

    private static string Signature(QueueDocument queue) =>
        string.Join(
            ' ',
            queue.Running.Select(run => $"{run.Id}:{run.State}").Concat(queue.Queued.Select(run => $"{run.Id}:{run.Priority}:{run.Name}")));
}
