using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Makes idle lanes look for runs: when a job says so, when another node changed the queue, and every few seconds, because a job or an
/// event may be lost. A server that stops waits here for the runs that it executes.
/// </summary>
internal sealed class LaneRunners(
    Lanes lanes, LaneRunner runner, StoreChanges changes, TimeProvider time, ILogger<LaneRunners> log) : BackgroundLoop(time, log)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);

    /// <summary>Makes each idle lane claim its next run; returns when they have.</summary>
    public Task LookAsync() => Task.WhenAll(lanes.Idle.Select(runner.TryStartAsync));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await runner.Ended.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using ChangeListener listener = changes.Subscribe(static change => change is StoreReopened
            or RunChanged { Before: null, After.State: Contracts.Runs.RunState.Queued });
        while (true)
        {
            await LookAsync();
            using CancellationTokenSource wait = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            wait.CancelAfter(_interval);
            await ((Task)listener.Changes.WaitToReadAsync(wait.Token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stoppingToken.ThrowIfCancellationRequested();
            while (listener.Changes.TryRead(out _))
            {
                // Only the fact that something changed matters.
            }
        }
    }
}
