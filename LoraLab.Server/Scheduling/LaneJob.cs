using System.Diagnostics;
using Hangfire;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Executes a lane's runs: claims the next run that the lane accepts, executes it, claims the next, and ends when there is none,
/// leaving a warm worker for the next one. The store decides which run is next; Hangfire only triggers the job.
/// </summary>
internal sealed class LaneJob(
    IRunStore store,
    Lanes lanes,
    RunExecutor executor,
    RunEnding ending,
    WarmWorkers warm,
    PredictionWorker predictions,
    DiskReserve disk,
    IHostApplicationLifetime lifetime,
    ILogger<LaneJob> log)
{
    [AutomaticRetry(Attempts = 0)]
    public async Task RunAsync(int index, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, lifetime.ApplicationStopping);
        Lane lane = lanes.All[index];
        while (!stopping.IsCancellationRequested)
        {
            using IDisposable work = lanes.MarkBusy(lane);
            // A run that is queued after this check wakes the lane again.
            using IDisposable? room = disk.HasFreeSpace() && HasWork(lane) ? await predictions.MakeRoomAsync() : null;
            RunDocument? run = room is null ? null : Claim(lane);
            if (run is null)
            {
                // Only now: starting a worker during training would compete for its cores.
                warm.Prepare(lane);
                break;
            }

            using IDisposable? scope = log.BeginRunScope(run.Id);
            using Activity? activity = Telemetry.Source.StartActivity("run attempt");
            activity?.SetTag("loralab.run", run.Id).SetTag("loralab.method", run.Spec.Method).SetTag("loralab.attempt", run.Attempts.Count)
                .SetTag("loralab.device", lane.Device);
            try
            {
                log.LogInformation("Attempt {Attempt} ({Method}) started on {Device}", run.Attempts.Count, run.Spec.Method, lane.Device);
                await executor.ExecuteAsync(run, lane, stopping.Token);
                log.LogInformation("Attempt {Attempt} ended: {State}", run.Attempts.Count, store.Find(run.Id)?.Document.State);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Events that are not in the store yet are in the run's files: the next server imports them.
                break;
            }
            catch (Exception error)
            {
                // The executor ends its run in every foreseen case; this one is unforeseen.
                log.LogError(error, "Run {Run} could not be executed", run.Id);
                await FailAsync(run.Id, error, stopping.Token);
            }
        }

        // A run may have been queued between the last check and the moment the lane was marked idle.
        if (!stopping.IsCancellationRequested && HasWork(lane) && disk.HasFreeSpace())
        {
            lanes.Wake();
        }
    }

    private Task FailAsync(string runId, Exception error, CancellationToken stopping) => StorageFailure.Is(error)
        ? ending.EndAsync(
            runId,
            EndReason.DiskFull,
            $"The run directory is not writable ({error.Message}): free some space, or make the folder writable, then resume the run.",
            stopping)
        : ending.EndAsync(
            runId,
            EndReason.WorkerLost,
            $"The server failed while executing the run ({error.Message}): see its log for details.",
            stopping);

    private RunDocument? Claim(Lane lane) => store.Transact(StoreScope.Queue, transaction =>
    {
        if (transaction.Paused || transaction.NextWaiting(lane) is not { } next)
        {
            return null;
        }

        RunDocument claimed = RunStateMachine.Claim(next.Document, lane.Device, transaction.Now);
        transaction.Put(next with { Document = claimed });
        transaction.EmitState(claimed);
        return claimed;
    });

    private bool HasWork(Lane lane) => !store.Paused && store.NextWaiting(lane) is not null;
}
