using System.Collections.Concurrent;
using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Executes a lane's runs: claims the next run that the lane accepts, executes it, and looks for another, leaving a warm worker when there
/// is none. The store decides which run is next.
/// </summary>
internal sealed class LaneRunner(
    IRunStore store,
    Lanes lanes,
    RunExecutor executor,
    RunEnding ending,
    WarmWorkers warm,
    PredictionWorker predictions,
    DiskReserve disk,
    IRunSupplies supplies,
    HeldLeases held,
    IHostApplicationLifetime lifetime,
    ILogger<LaneRunner> log)
{
    private readonly ConcurrentDictionary<Lane, Task> _executing = new();

    /// <summary>Completes when no run is executed.</summary>
    public Task Ended => Task.WhenAll(_executing.Values);

    private CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>Claims the lane's next run and begins to execute it, unless the lane is busy or there is none.</summary>
    public async Task TryStartAsync(Lane lane)
    {
        if (Stopping.IsCancellationRequested || lanes.MarkBusy(lane) is not { } work)
        {
            return;
        }

        IDisposable? room = null;
        RunDocument? run = null;
        try
        {
            // A run that is queued after this check wakes the lane again.
            StoredRun? next = disk.HasFreeSpace() ? Waiting(lane) : null;
            if (next is not null && !await supplies.AreHereAsync(next.Document, Stopping))
            {
                // It looks again soon.
                return;
            }

            room = next is null ? null : await predictions.MakeRoomAsync();
            run = room is null ? null : Claim(lane);
            if (run is not null)
            {
                RunDocument claimed = run;
                IDisposable roomOfRun = room!;
                _executing[lane] = Task.Run(() => ExecuteAsync(claimed, lane, work, roomOfRun), CancellationToken.None);
                return;
            }

            // Only now: starting a worker during training would compete for its cores.
            warm.Prepare(lane);
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            log.LogWarning("{Device} cannot look for runs now ({Reason}); it looks again soon", lane.Device, error.Message);
            return;
        }
        finally
        {
            if (run is null)
            {
                room?.Dispose();
                work.Dispose();
            }
        }

        WakeIfWorkCame(lane);
    }

    private async Task ExecuteAsync(RunDocument run, Lane lane, IDisposable work, IDisposable room)
    {
        try
        {
            using IDisposable? scope = log.BeginRunScope(run.Id);
            using Activity? activity = Telemetry.Source.StartActivity("run attempt");
            activity?.SetTag("loralab.run", run.Id).SetTag("loralab.method", run.Spec.Method).SetTag("loralab.attempt", run.Attempts.Count)
                .SetTag("loralab.device", lane.Device);
            log.LogInformation("Attempt {Attempt} ({Method}) started on {Device}", run.Attempts.Count, run.Spec.Method, lane.Device);
            await executor.ExecuteAsync(run, lane, Stopping);
            log.LogInformation("Attempt {Attempt} ended: {State}", run.Attempts.Count, StateOf(run.Id));
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
            // Events that are not in the store yet are in the run's files: the next server imports them.
        }
        catch (LeaseLostException lost)
        {
            log.LogWarning("{Reason}", lost.Message);
            held.Remove(run.Id);
        }
        catch (Exception away) when (StorageFailure.IsDatabaseAway(away))
        {
            log.LogWarning("Run {Run} is interrupted, because its start could not be stored ({Reason})", run.Id, away.Message);
            await StoreEndAsync(run.Id, () => ending.InterruptAsync(run.Id, Stopping));
        }
        catch (Exception error)
        {
            // The executor ends its run in every foreseen case; this one is unforeseen.
            log.LogError(error, "Run {Run} could not be executed", run.Id);
            await StoreEndAsync(run.Id, () => FailAsync(run.Id, error));
        }
        finally
        {
            room.Dispose();
            work.Dispose();
            _executing.TryRemove(lane, out _);
        }

        await TryStartAsync(lane);
    }

    private Task FailAsync(string runId, Exception error) => ending.EndAsync(
        runId,
        StorageFailure.Is(error) ? EndReason.DiskFull : EndReason.WorkerLost,
        StorageFailure.Is(error)
            ? $"The run directory is not writable ({error.Message}): free some space, or make the folder writable, then resume the run."
            : $"The server failed while executing the run ({error.Message}): see its log for details.",
        Stopping);

    private async Task StoreEndAsync(string runId, Func<Task> store)
    {
        try
        {
            await store();
        }
        catch (Exception unstored) when (unstored is LeaseLostException or OperationCanceledException || StorageFailure.Is(unstored))
        {
            log.LogWarning("The end of run {Run} is not stored ({Reason})", runId, unstored.Message);
        }
    }

    private RunDocument? Claim(Lane lane) => store.Transact(StoreScope.Claim, transaction =>
    {
        if (transaction.TakeNext(lane) is not { } next)
        {
            return null;
        }

        RunDocument claimed = RunStateMachine.Claim(next.Document, lane.Device, transaction.Now, lane.Node);
        transaction.Put(next with { Document = claimed });
        transaction.EmitState(claimed);
        return claimed;
    });

    private StoredRun? Waiting(Lane lane) => store.Paused ? null : store.NextWaiting(lane);

    private RunState? StateOf(string runId) => store.Find(runId)?.Document.State;

    /// <summary>A run may have been queued between the last check and the moment the lane was marked idle.</summary>
    private void WakeIfWorkCame(Lane lane)
    {
        try
        {
            if (!Stopping.IsCancellationRequested && Waiting(lane) is not null && disk.HasFreeSpace())
            {
                lanes.Wake();
            }
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            // It looks again soon.
        }
    }
}
