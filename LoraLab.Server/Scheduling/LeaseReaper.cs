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
    HeldLeases held,
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
                await EndAsync(id, stoppingToken);
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

    /// <summary>
    /// Ends the attempt of a run that was taken over. If that fails, for whatever reason, this node lets the lease go: it ends, and the
    /// leader, perhaps another one by then, tries again. The other runs do not wait for it.
    /// </summary>
    private async Task EndAsync(string id, CancellationToken stoppingToken)
    {
        Lease? lease = held.Find(id);
        try
        {
            if (store.Find(id)?.Document is { Attempts.Count: > 0 } run)
            {
                Log.LogWarning("Node {Node} no longer executes run {Run}", run.Attempts[^1].Node, id);
                await recovery.EndAsync(run, stoppingToken);
            }
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            Log.LogError(
                StorageFailure.Is(error) || error is LeaseLostException ? null : error,
                "Cannot end the attempt of run {Run}, whose node is gone ({Reason}); trying again when its lease has ended, in "
                    + "{Seconds:0} s",
                id,
                error.Message,
                times.Length.TotalSeconds);
        }
        finally
        {
            // Its end, where it is stored, has removed it already.
            if (lease is not null)
            {
                held.Remove(lease);
            }
        }
    }
}
