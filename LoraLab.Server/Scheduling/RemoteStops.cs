using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Scheduling;

/// <summary>Stops the workers of this node's runs that were cancelled or killed on another node.</summary>
internal sealed class RemoteStops(StoreChanges changes, ActiveRuns active, TimeProvider time, ILogger<RemoteStops> log)
    : BackgroundLoop(time, log)
{
    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using ChangeListener listener = changes.Subscribe(static change => change is StopRequested);
        await foreach (StoreChange change in listener.Changes.ReadAllAsync(stoppingToken))
        {
            if (change is StopRequested { Kill: true } kill)
            {
                active.Kill(kill.RunId);
            }
            else if (change is StopRequested cancel)
            {
                active.Cancel(cancel.RunId);
            }
        }
    }
}
