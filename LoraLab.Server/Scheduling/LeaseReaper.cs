using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// On the leader: takes over the runs of dead nodes, imports what their workers wrote, and returns them, as all interrupted runs, to the
/// head of the queue, where the next node continues them from their last checkpoints.
/// </summary>
internal sealed class LeaseReaper(
    INodes nodes,
    IRunStore store,
    Recovery recovery,
    ActiveRuns active,
    Readiness readiness,
    LeaseTimes times,
    IOptions<LoraLabOptions> options,
    TimeProvider time,
    ILogger<LeaseReaper> log) : BackgroundLoop(time, log)
{
    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await readiness.Reached.WaitAsync(stoppingToken);
        while (true)
        {
            await Task.Delay(times.Look, Time, stoppingToken);
            if (nodes.IsLeader)
            {
                await LookAsync(stoppingToken);
            }
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (string id in nodes.TakeOverExpired(active.Ids))
            {
                if (store.Find(id)?.Document is { Attempts.Count: > 0 } run)
                {
                    Log.LogWarning("Node {Node} no longer executes run {Run}", run.Attempts[^1].Node, id);
                    await recovery.EndAsync(run, stoppingToken);
                }
            }

            if (options.Value.ResumeInterrupted && store.Counts().ByState.GetValueOrDefault(RunState.Interrupted) > 0)
            {
                recovery.ResumeInterrupted();
            }
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            Log.LogWarning("Cannot look for runs of dead nodes now ({Reason})", error.Message);
        }
    }
}
