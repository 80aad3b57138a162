using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Runs.Artifacts;

/// <summary>
/// Prunes files periodically by the configured age. Age is measured by the wall clock, so nothing is pruned if the clock was set while the
/// server was running.
/// </summary>
internal sealed class RetentionSweep(
    IRunStore store,
    ArtifactPruning pruning,
    INodes nodes,
    IOptions<LoraLabOptions> options,
    TimeProvider time,
    ILogger<RetentionSweep> log) : BackgroundLoop(time, log)
{
    private static readonly TimeSpan _interval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _drift = TimeSpan.FromHours(1);

    private readonly DateTimeOffset _begun = time.GetUtcNow();
    private readonly long _ticks = time.GetTimestamp();

    /// <summary>Prunes all files that are old enough.</summary>
    public void Sweep()
    {
        if ((Time.GetUtcNow() - _begun - Time.GetElapsedTime(_ticks)).Duration() > _drift)
        {
            Log.LogWarning(
                "The system clock was changed while the server was running; nothing is pruned by age until the server is restarted");
            return;
        }

        RetentionOptions retention = options.Value.Retention;
        RunFilter ended = RunFilter.InStates(RunState.Completed, RunState.Failed, RunState.Cancelled);
        foreach (RunDocument run in store.Enumerate(ended, RunSort.By("endedAt")).Select(run => run.Document).TakeWhile(IsOldEnough))
        {
            PruneRequest request = new()
            {
                Checkpoints = IsOld(run, retention.CheckpointDays),
                Predictions = IsOld(run, retention.PredictionDays),
            };
            if (request.Checkpoints || request.Predictions)
            {
                Prune(run.Id, request);
            }
        }
    }

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Retention is { CheckpointDays: null, PredictionDays: null })
        {
            return;
        }

        using PeriodicTimer timer = new(_interval, Time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (nodes.IsLeader)
            {
                Sweep();
            }
        }
    }

    private bool IsOldEnough(RunDocument run) =>
        IsOld(run, options.Value.Retention.CheckpointDays) || IsOld(run, options.Value.Retention.PredictionDays);

    private bool IsOld(RunDocument run, double? days) =>
        days is double limit && run.EndedAt is { } ended && Time.GetUtcNow() - ended >= TimeSpan.FromDays(limit);

    private void Prune(string id, PruneRequest request)
    {
        try
        {
            pruning.Prune(id, request, byRetention: true);
        }
        catch (ApiFailure)
        {
            // Deleted or resumed meanwhile.
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            Log.LogWarning("Cannot prune the files of run {Run}: {Reason}", id, error.Message);
        }
    }
}
