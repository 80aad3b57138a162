using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>
/// The only code that changes a run's state. Each transition names its source states; anything else is a bug in the
/// caller and throws, so that no run can end twice or start again before it has ended.
/// <code>
/// queued ──▶ preparing ──▶ running ──▶ completed
///   ▲  │         │            ├──────▶ failed
///   │  │         └─▶ cancelling ─────▶ cancelled
///   │  └───────────────────────────────────▲
///   └── resume ── interrupted, failed, cancelled
/// </code>
/// Invariants in every state (checked by <see cref="RunInvariants"/>):
/// 1. <c>endedAt</c> is set exactly in completed, failed, cancelled and interrupted.
/// 2. <c>endReason</c> is set exactly in completed, failed and cancelled, and matches the state; <c>error</c> exactly in failed and
/// cancelled.
/// 3. Attempts are numbered from 1 without gaps; only the last can be open, and it is open exactly in preparing, running and cancelling.
/// 4. <c>cancelBy</c> is set exactly in cancelling, <c>pruning</c> only there.
/// 5. completed is final: a finished run never runs again.
/// 6. An ended attempt never changes, and no attempt is removed.
/// 7. No run is queued or interrupted after it was lost twice in a row without a checkpoint, unless a user resumed it.
/// 8. A run changes its state only along the arrows.
/// </summary>
internal static class RunStateMachine
{
    /// <summary>queued → preparing: a lane has claimed the run; its next attempt begins.</summary>
    public static RunDocument Claim(RunDocument run, string device, DateTimeOffset now, string? node = null) =>
        Move(run, RunState.Preparing, RunState.Queued) with
        {
            StartedAt = run.StartedAt ?? now,
            Progress = run.Progress with { Phase = "loading" },
            Attempts =
                [.. run.Attempts, new RunAttempt { Number = run.Attempts.Count + 1, Device = device, Node = node, StartedAt = now }],
        };

    /// <summary>preparing → running: model and data are loaded. A run that is being cancelled stays in cancelling.</summary>
    public static RunDocument Begin(RunDocument run) =>
        run.State is RunState.Cancelling or RunState.Running ? run : Move(run, RunState.Running, RunState.Preparing);

    /// <summary>
    /// queued → cancelled; preparing, running → cancelling; in cancelling the earlier deadline wins. Null: the run has already ended.
    /// </summary>
    public static RunDocument? Cancel(RunDocument run, DateTimeOffset deadline, DateTimeOffset now) => run.State switch
    {
        RunState.Queued =>
            Finish(run, RunState.Cancelled, EndReason.Cancelled, EndMessages.For(run, EndReason.Cancelled), now, RunState.Queued),
        RunState.Preparing or RunState.Running =>
            Move(run, RunState.Cancelling, RunState.Preparing, RunState.Running) with { CancelBy = deadline },
        RunState.Cancelling when deadline < run.CancelBy => run with { CancelBy = deadline },
        RunState.Cancelling or RunState.Cancelled => run,
        _ => null,
    };

    /// <summary>
    /// Like <see cref="Cancel"/>, by a rule of a sweep or study: queued → cancelled; preparing, running → cancelling; the end reason is
    /// pruned. Null: there is nothing to stop, because the run has ended or is already being cancelled.
    /// </summary>
    public static RunDocument? Prune(RunDocument run, string sentence, DateTimeOffset deadline, DateTimeOffset now) => run.State switch
    {
        RunState.Queued => Finish(run, RunState.Cancelled, EndReason.Pruned, EndMessages.Pruned(run, sentence), now, RunState.Queued),
        RunState.Preparing or RunState.Running =>
            Move(run, RunState.Cancelling, RunState.Preparing, RunState.Running) with { CancelBy = deadline, PruneReason = sentence },
        _ => null,
    };

    /// <summary>
    /// preparing, running, cancelling → the final state of the reason. Every reason but those of completed has an error message. A
    /// worker that was stopped does not know who requested it: if a rule did, the run was pruned.
    /// </summary>
    public static RunDocument End(RunDocument run, EndReason reason, string? error, DateTimeOffset now)
    {
        if (reason == EndReason.Cancelled && run.PruneReason is { } rule)
        {
            (reason, error) = (EndReason.Pruned, EndMessages.Pruned(run, rule));
        }

        string? sentence = reason is EndReason.Finished or EndReason.EarlyStopped ? null : error ?? EndMessages.For(run, reason);
        return Finish(run, StateOf(reason), reason, sentence, now, RunState.Preparing, RunState.Running, RunState.Cancelling);
    }

    /// <summary>
    /// preparing, running → interrupted: the server or the machine went down; nothing is wrong with the run. A pending cancel is
    /// completed instead. → failed if this is the second attempt in a row that was lost without a checkpoint: the run itself may be
    /// taking the machine down, and it must not do so forever.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="lost">Its process died without reporting an end.</param>
    /// <param name="now">End time.</param>
    public static RunDocument Interrupt(RunDocument run, bool lost, DateTimeOffset now)
    {
        if (run.State == RunState.Cancelling)
        {
            return End(run, EndReason.Cancelled, null, now);
        }

        // Rejects an invalid source state before anything else is evaluated.
        _ = Move(run, RunState.Interrupted, RunState.Preparing, RunState.Running);
        RunDocument marked = run with { Attempts = [.. run.Attempts.SkipLast(1), run.Attempts[^1] with { Lost = lost }] };
        return LostTwice(marked.Attempts)
            ? End(marked, EndReason.WorkerLost, EndMessages.LostTwice, now)
            : Finish(marked, RunState.Interrupted, null, null, now, RunState.Preparing, RunState.Running);
    }

    /// <summary>
    /// interrupted, failed, cancelled → queued: a new attempt continues from the last checkpoint. Null: the run cannot be resumed.
    /// </summary>
    public static RunDocument? Resume(RunDocument run) => !CanResume(run) ? null : run with
    {
        State = RunState.Queued,
        EndReason = null,
        Error = null,
        LogTail = [],
        Suggestions = [],
        EndedAt = null,
    };

    /// <summary>Whether <see cref="Resume"/> is possible. A run that diverged would diverge again: its steps are deterministic.</summary>
    public static bool CanResume(RunDocument run) =>
        run.State is RunState.Interrupted or RunState.Cancelled || (run.State == RunState.Failed && run.EndReason != EndReason.Diverged);

    /// <summary>Whether the last two attempts were lost without a checkpoint.</summary>
    public static bool LostTwice(IReadOnlyList<RunAttempt> attempts) =>
        attempts.Count >= 2 && attempts.TakeLast(2).All(attempt => attempt is { Lost: true, CheckpointStep: null });

    /// <summary>The final state for an end reason.</summary>
    public static RunState StateOf(EndReason reason) => reason switch
    {
        EndReason.Finished or EndReason.EarlyStopped => RunState.Completed,
        EndReason.Cancelled or EndReason.Pruned => RunState.Cancelled,
        _ => RunState.Failed,
    };

    private static RunDocument Finish(
        RunDocument run, RunState state, EndReason? reason, string? error, DateTimeOffset now, params RunState[] from)
    {
        RunDocument ended = Move(run, state, from);
        bool hasOpenAttempt = run.State != RunState.Queued;
        return ended with
        {
            EndReason = reason,
            Error = error,
            EndedAt = now,
            CancelBy = null,
            PruneReason = null,
            Progress = run.Progress with { Phase = null, Stalled = false, EtaSeconds = state == RunState.Completed ? 0 : null },
            Attempts = hasOpenAttempt
                ? [.. run.Attempts.SkipLast(1), run.Attempts[^1] with { EndedAt = now, EndReason = reason, Error = error }]
                : run.Attempts,
        };
    }

    private static RunDocument Move(RunDocument run, RunState to, params RunState[] from) => from.Contains(run.State)
        ? run with { State = to }
        : throw new InvalidOperationException($"Run {run.Id} cannot go from {run.State} to {to}.");
}
