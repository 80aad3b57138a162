using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Workers;

/// <summary>
/// Stores the end of a run, and retries until it succeeds: a run whose process has exited must not be shown as running because the disk
/// was full at that moment. Gives up with <see cref="Storage.Leases.LeaseLostException"/> once another node may continue the run.
/// </summary>
internal sealed class RunEnding(
    IRunStore store, RunLogs logs, CompletedCheckpoints completed, TimeProvider time, ILogger<RunEnding> log)
{
    private const int TailLines = 50;
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(15);

    /// <summary>Ends a run with a reason, unless it has already ended.</summary>
    public Task EndAsync(string runId, EndReason reason, string? error, CancellationToken stopping) =>
        WriteAsync(runId, (document, now) => RunStateMachine.End(document, reason, error, now), stopping);

    /// <summary>Interrupts a run that the server could not go on with, though nothing is wrong with it.</summary>
    public Task InterruptAsync(string runId, CancellationToken stopping) =>
        WriteAsync(runId, (document, now) => RunStateMachine.Interrupt(document, lost: false, now), stopping);

    /// <summary>Ends a run whose process has exited.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="ended">Its last event; null: it reported none.</param>
    /// <param name="exitCode">Exit code of its process.</param>
    /// <param name="killed">Whether the server killed it.</param>
    /// <param name="stopping">Cancelled if it exited because the server is stopping.</param>
    public Task ConcludeAsync(string runId, AttemptEnded? ended, int exitCode, bool killed, CancellationToken stopping)
    {
        bool isStopping = stopping.IsCancellationRequested;
        return WriteAsync(runId, (document, now) => Conclude(document, ended, exitCode, killed, isStopping, now), stopping);
    }

    /// <summary>Ends a run that a dead server left active; its process has exited.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="ended">Its last event; null: it reported none.</param>
    /// <param name="stopping">Cancelled when the server is stopping.</param>
    public Task RecoverAsync(string runId, AttemptEnded? ended, CancellationToken stopping) => WriteAsync(
        runId,
        (document, now) => ended is { Reason: not EndReason.Cancelled }
            ? RunStateMachine.End(document, ended.Reason, ended.Error, now)
            : RunStateMachine.Interrupt(document, lost: ended is null && document.Attempts[^1].ProcessId is not null, now),
        stopping);

    private static RunDocument Conclude(
        RunDocument document, AttemptEnded? ended, int exitCode, bool killed, bool stopping, DateTimeOffset now) => ended switch
        {
            { Reason: EndReason.Cancelled } when stopping => RunStateMachine.Interrupt(document, lost: false, now),
            not null => RunStateMachine.End(document, ended.Reason, ended.Error, now),
            null when document.State == RunState.Cancelling =>
                RunStateMachine.End(document, EndReason.Cancelled, killed ? EndMessages.Killed(document) : null, now),
            null when stopping || exitCode == ExitCodes.Abandoned => RunStateMachine.Interrupt(document, lost: false, now),
            null => RunStateMachine.End(document, ExitCodes.ToEndReason(exitCode), ExitMessages.For(exitCode), now),
        };

    private async Task WriteAsync(string runId, Func<RunDocument, DateTimeOffset, RunDocument> end, CancellationToken stopping)
    {
        for (TimeSpan pause = TimeSpan.FromSeconds(0.5); ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            try
            {
                // Its attempt is the last one, and only this method ends it, so this log tail belongs to its end.
                int attempt = store.Find(runId)?.Document.Attempts.Count ?? 0;
                IReadOnlyList<string> tail = attempt == 0 ? [] : logs.LastLines(runId, attempt, TailLines);
                IReadOnlyList<RunArtifact> checkpoints = completed.Find(runId);
                if (store.Transact(StoreScope.Attempt(runId), transaction => Write(transaction, runId, end, tail, checkpoints)))
                {
                    if (store.Find(runId)?.Document.State == RunState.Completed)
                    {
                        completed.Remove(runId, checkpoints);
                    }

                    Telemetry.RunsEnded.Add(
                        1, new KeyValuePair<string, object?>("state", store.Find(runId)?.Document.State.ToString().ToLowerInvariant()));
                }

                return;
            }
            catch (Exception error) when (StorageFailure.Is(error) && !stopping.IsCancellationRequested)
            {
                log.LogError(
                    "Cannot store the end of run {Run} ({Reason}); retrying in {Seconds:0.#} s", runId, error.Message, pause.TotalSeconds);
                await Task.Delay(pause, time, stopping);
            }
        }
    }

    private static bool Write(
        IStoreTransaction transaction,
        string runId,
        Func<RunDocument, DateTimeOffset, RunDocument> end,
        IReadOnlyList<string> tail,
        IReadOnlyList<RunArtifact> checkpoints)
    {
        if (transaction.Find(runId) is not { } run || run.Document.State.IsTerminal())
        {
            return false;
        }

        RunDocument document = end(run.Document, transaction.Now);
        if (document.State != RunState.Completed && document.Attempts.Count > 0)
        {
            document = document with { LogTail = tail };
        }

        if (document.State == RunState.Completed && checkpoints.Count > 0)
        {
            document = document with
            {
                Pruned = [.. document.Pruned, .. ArtifactRemoval.Describe(checkpoints, transaction.Now, byRetention: true)],
            };
        }

        transaction.Put(run with { Document = document });
        transaction.EmitState(document);
        return true;
    }
}
