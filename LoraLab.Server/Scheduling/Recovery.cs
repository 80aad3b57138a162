using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Runs before the queue opens: ends runs that a dead server left active (waits for their worker, whose stdin is closed, kills it if it
/// does not exit, imports its remaining events), and returns interrupted runs to the head of the queue.
/// </summary>
internal sealed class Recovery(
    IRunStore store,
    RunImporter importer,
    RunEnding ending,
    LoraLabPaths paths,
    IOptions<LoraLabOptions> options,
    TimeProvider time,
    ILogger<Recovery> log)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        List<RunDocument> left = [.. store.QueuePage().Running.Select(run => run.Document)];
        await Task.WhenAll(left.Select(run => TryRecoverAsync(run, cancellationToken)));
        if (options.Value.ResumeInterrupted)
        {
            ResumeInterrupted();
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
        string events = Path.Combine(paths.RunDirectory(run.Id), RunFiles.Attempt(run.Attempts.Count), RunFiles.Events);
        await EndProcessAsync(run.Attempts[^1], events, cancellationToken);
        AttemptImport import = new(run.Id, new EventTail(events), importer, log);
        await import.ImportAllAsync(time, cancellationToken);
        await ending.RecoverAsync(run.Id, import.Ended, cancellationToken);
        log.LogInformation("Recovered run {Run}, left active by an earlier server: {State}", run.Id, store.Find(run.Id)?.Document.State);
    }

    private async Task EndProcessAsync(RunAttempt attempt, string events, CancellationToken cancellationToken)
    {
        using Process? process = OrphanedWorker.Find(attempt, events);
        if (process is null)
        {
            return;
        }

        using CancellationTokenSource grace = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        grace.CancelAfter(TimeSpan.FromSeconds(options.Value.CancelGraceSeconds));
        try
        {
            await process.WaitForExitAsync(grace.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            log.LogWarning("Killing worker process {Process} of an earlier server, which does not stop", process.Id);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(cancellationToken);
        }
    }

    /// <summary>The latest to start is requeued first, so that the earliest ends up at the head.</summary>
    private void ResumeInterrupted()
    {
        foreach (StoredRun run in store.Enumerate(RunFilter.InStates(RunState.Interrupted), RunSort.By("startedAt", descending: true))
            .ToList())
        {
            store.Transact(StoreScope.Run(run.Document.Id) + StoreScope.Queue, transaction =>
                RunRequeuing.Resume(transaction, run.Document.Id));
            log.LogInformation("Requeued interrupted run {Run} at the head of the queue", run.Document.Id);
        }
    }
}
