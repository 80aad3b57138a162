using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Composition;
using LoraLab.Server.Runs;
using LoraLab.Server.Store;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Worker;

/// <summary>
/// Brings runs to an end that a dead server left in the middle: waits for their worker (its lifeline is cut, so it stops
/// by itself), kills it when it does not, takes what its file holds, and marks the run.
/// </summary>
internal sealed class Recovery(IRunStore store, RunImporter importer, RunLogs logs, LoraLabPaths paths, IOptions<LoraLabOptions> options, TimeProvider time, ILogger<Recovery> log)
{
    /// <summary>The system reports start times to a hundredth of a second, and not always the same.</summary>
    private static readonly TimeSpan SameStart = TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        List<RunDocument> left = [.. store.Runs.Select(run => run.Document).Where(run => !run.State.IsTerminal() && run.State != RunState.Queued)];
        await Task.WhenAll(left.Select(run => RecoverAsync(run, cancellationToken)));
    }

    private async Task RecoverAsync(RunDocument run, CancellationToken cancellationToken)
    {
        await EndProcessAsync(run.Attempts[^1], cancellationToken);
        EventTail tail = new(Path.Combine(paths.RunDirectory(run.Id), RunFiles.Attempt(run.Attempts.Count), RunFiles.Events));
        importer.Import(run.Id, tail.ReadNew());
        RunDocument ended = store.Transact(transaction =>
        {
            StoredRun stored = transaction.Find(run.Id)!;
            DateTimeOffset now = time.GetUtcNow();
            RunDocument document = tail.Ended is { Reason: not EndReason.Cancelled } told
                ? RunStateMachine.End(stored.Document, told.Reason, told.Error, now)
                : RunStateMachine.Interrupt(stored.Document, now);
            if (document.State == RunState.Failed)
            {
                document = document with { LogTail = logs.LastLines(run.Id, document.Attempts.Count, RunExecutor.TailLines) };
            }

            transaction.Put(stored with { Document = document });
            transaction.EmitState(document);
            return document;
        });
        log.LogInformation("Run {Run} was left by an earlier server; it is {State} now", ended.Id, ended.State);
    }

    private async Task EndProcessAsync(RunAttempt attempt, CancellationToken cancellationToken)
    {
        using Process? process = Find(attempt);
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

    /// <summary>The process by id and start time: an id alone may be another program's by now.</summary>
    private static Process? Find(RunAttempt attempt)
    {
        if (attempt.ProcessId is not int id || attempt.ProcessStartedAt is not { } startedAt)
        {
            return null;
        }

        try
        {
            Process process = Process.GetProcessById(id);
            if (!process.HasExited && (process.StartTime.ToUniversalTime() - startedAt.UtcDateTime).Duration() < SameStart)
            {
                return process;
            }

            process.Dispose();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // No such process.
        }

        return null;
    }
}
