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
/// Before the queue opens: brings runs to an end that a dead server left in the middle (waits for their worker, whose lifeline is cut,
/// kills it when it does not go, takes what its file holds), and puts those that were interrupted back at the head of the queue.
/// </summary>
internal sealed class Recovery(IRunStore store, RunImporter importer, RunEnding ending, LoraLabPaths paths, IOptions<LoraLabOptions> options, TimeProvider time, ILogger<Recovery> log)
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

    /// <summary>A run that cannot be recovered ends, and keeps no other from going on.</summary>
    private async Task TryRecoverAsync(RunDocument run, CancellationToken cancellationToken)
    {
        try
        {
            await RecoverAsync(run, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            log.LogError(error, "Run {Run} was left by an earlier server and cannot be recovered", run.Id);
            await ending.EndAsync(run.Id, EndReason.WorkerLost, $"The server that executed the run is gone, and what it left cannot be taken over ({error.Message}); resume the run to go on from its last checkpoint.", cancellationToken);
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
        log.LogInformation("Run {Run} was left by an earlier server; it is {State} now", run.Id, store.Find(run.Id)?.Document.State);
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
            log.LogWarning("Worker process {Process} of an earlier server does not stop; it is killed", process.Id);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(cancellationToken);
        }
    }

    /// <summary>The one that began last is put first, so that the one that began first stands at the head in the end.</summary>
    private void ResumeInterrupted()
    {
        foreach (StoredRun run in store.Enumerate(RunFilter.InStates(RunState.Interrupted), RunSort.By("startedAt", descending: true)).ToList())
        {
            store.Transact(StoreScope.Run(run.Document.Id) + StoreScope.Queue, transaction => RunRequeuing.Resume(transaction, run.Document.Id));
            log.LogInformation("Run {Run} was interrupted; it is at the head of the queue again", run.Document.Id);
        }
    }
}
