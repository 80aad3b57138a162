using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Runs before the queue opens: ends runs that a dead server left active (waits for their worker, whose stdin is closed, kills it if it
/// does not exit and is provably ours, imports its remaining events), and returns interrupted runs to the head of the queue.
/// </summary>
internal sealed class Recovery(
    IRunStore store,
    INodes nodes,
    RunImporter importer,
    RunEnding ending,
    LoraLabPaths paths,
    IOptions<LoraLabOptions> options,
    TimeProvider time,
    ILogger<Recovery> log)
{
    private static readonly TimeSpan _pollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>A worker whose server died exits within 4.5 seconds; what lives longer without proof is not ours.</summary>
    private static readonly TimeSpan _longestExit = TimeSpan.FromSeconds(6);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        List<RunDocument> left = [.. nodes.TakeOverOwn().Select(id => store.Find(id)?.Document).OfType<RunDocument>()];
        await Task.WhenAll(left.Select(run => TryRecoverAsync(run, cancellationToken)));
        // Where there are several nodes, the leader does it at any time.
        if (options.Value.ResumeInterrupted && !nodes.AreSeveral)
        {
            ResumeInterrupted();
        }
    }

    /// <summary>Ends a run whose node is dead, and its worker with it, with what the worker wrote until then.</summary>
    public async Task EndAsync(RunDocument run, CancellationToken cancellationToken)
    {
        using IDisposable? scope = log.BeginRunScope(run.Id);
        await ending.RecoverAsync(run.Id, await ImportAsync(run, cancellationToken), cancellationToken);
        log.LogInformation("Run {Run} of a node that is gone: {State}", run.Id, store.Find(run.Id)?.Document.State);
    }

    /// <summary>
    /// Returns interrupted runs to the queue. The latest to start is requeued first, so that the earliest ends up at the head.
    /// </summary>
    public void ResumeInterrupted()
    {
        foreach (StoredRun run in store.Enumerate(RunFilter.InStates(RunState.Interrupted), RunSort.By("startedAt", descending: true))
            .ToList())
        {
            store.Transact(StoreScope.Run(run.Document.Id) + StoreScope.Queue, transaction =>
                RunRequeuing.Resume(transaction, run.Document.Id));
            log.LogInformation("Requeued interrupted run {Run} at the head of the queue", run.Document.Id);
        }
    }

    /// <summary>A run that cannot be recovered ends, and does not block the others.</summary>
    private async Task TryRecoverAsync(RunDocument run, CancellationToken cancellationToken)
    {
        try
        {
            await RecoverAsync(run, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            log.LogError(error, "Run {Run} was left active by an earlier server and cannot be recovered", run.Id);
            await ending.EndAsync(run.Id, EndReason.WorkerLost, "The server that executed the run died, "
                + $"and the run cannot be recovered ({error.Message}): resume it to continue from its last checkpoint.", cancellationToken);
        }
    }

    private async Task RecoverAsync(RunDocument run, CancellationToken cancellationToken)
    {
        using IDisposable? scope = log.BeginRunScope(run.Id);
        bool over = await EndProcessAsync(new OrphanedWorker(run.Attempts[^1], EventsOf(run)), run.Attempts[^1], cancellationToken);
        AttemptEnded? ended = await ImportAsync(run, cancellationToken);
        if (over || ended is not null)
        {
            await ending.RecoverAsync(run.Id, ended, cancellationToken);
        }
        else
        {
            await ending.EndAsync(run.Id, EndReason.WorkerLost, EndMessages.NotOurWorker(run.Attempts[^1].ProcessId), cancellationToken);
        }

        log.LogInformation("Recovered run {Run}, left active by an earlier server: {State}", run.Id, store.Find(run.Id)?.Document.State);
    }

    private string EventsOf(RunDocument run) =>
        Path.Combine(paths.RunDirectory(run.Id), RunFiles.Attempt(run.Attempts.Count), RunFiles.Events);

    private async Task<AttemptEnded?> ImportAsync(RunDocument run, CancellationToken cancellationToken)
    {
        AttemptImport import = new(run.Id, new EventTail(EventsOf(run)), importer, log);
        await import.ImportAllAsync(time, cancellationToken);
        return import.Ended;
    }

    /// <summary>
    /// Waits for the exit of the attempt's process, and kills it after the grace period if it is provably ours. False: a process remains
    /// that may be another server's, and was not touched.
    /// </summary>
    private async Task<bool> EndProcessAsync(OrphanedWorker worker, RunAttempt attempt, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        TimeSpan grace = TimeSpan.FromSeconds(options.Value.CancelGraceSeconds);
        bool killed = false;
        while (true)
        {
            TimeSpan waited = time.GetElapsedTime(began);
            switch (worker.State)
            {
                case OrphanState.Gone:
                    return true;
                case OrphanState.Ours when !killed && waited >= grace:
                    log.LogWarning("Killing worker process {Process} of an earlier server, which does not stop", attempt.ProcessId);
                    worker.Kill();
                    killed = true;
                    break;
                case OrphanState.Ours when killed && waited >= grace + _longestExit:
                case OrphanState.Unproven when waited >= (killed ? grace + _longestExit : _longestExit):
                    log.LogError(
                        "Process {Process} or another one holds the event file of this run or has its worker's id, but is not provably "
                            + "this data directory's worker; it is left alone, and the run ends",
                        attempt.ProcessId);
                    return false;
            }

            await Task.Delay(_pollInterval, time, cancellationToken);
        }
    }
}
