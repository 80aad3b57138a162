using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Renews the leases of this node, and tells its workers how long they may live: a stopped server or an unreachable database leaves no
/// worker running when another node continues its run.
/// </summary>
internal sealed class LeaseKeeper(
    INodePulse pulse, HeldLeases held, LeaseTimes times, ActiveRuns active, TimeProvider time, ILogger<LeaseKeeper> log)
    : BackgroundLoop(time, log)
{
    private static readonly TimeSpan _retry = TimeSpan.FromSeconds(1);

    private bool _failing;

    /// <summary>Before the lanes open: the first runs need a node.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        Beat();
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            pulse.Leave();
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            // The others see that its lease ends.
        }
    }

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(_failing ? _retry : times.Renewal, Time, stoppingToken);
            Beat();
            EndOverdue();
        }
    }

    private void Beat()
    {
        try
        {
            foreach (Lease lost in pulse.Beat())
            {
                active.Find(lost.RunId)?.LoseLease();
            }

            foreach (Lease lease in held.All)
            {
                _ = active.Find(lease.RunId)?.ExtendAsync(times.DeadlineOf(lease));
            }

            if (_failing)
            {
                Log.LogInformation("The leases of this node's runs are renewed again");
            }

            _failing = false;
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            if (!_failing)
            {
                Log.LogWarning(
                    "Cannot renew the leases of this node's runs ({Reason}); trying again every second, and training goes on until "
                        + "{Seconds:0} s after the last renewal",
                    error.Message,
                    (times.Length - times.Margin).TotalSeconds);
            }

            _failing = true;
        }
    }

    /// <summary>The workers' own deadline has passed too, unless they are stopped.</summary>
    private void EndOverdue()
    {
        foreach (Lease lease in held.All.Where(lease => times.DeadlineOf(lease) <= Contracts.Worker.MonotonicClock.Now))
        {
            active.Find(lease.RunId)?.LoseLease();
        }
    }
}
