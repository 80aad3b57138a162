using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>
/// The only code that changes a run's state. Each move names the states it may start from; anything else is a bug of the
/// caller and throws, so that no run can end twice or start before its end.
/// <code>
/// queued ──▶ preparing ──▶ running ──▶ completed
///   ▲  │         │            ├──────▶ failed
///   │  │         └─▶ cancelling ─────▶ cancelled
///   │  └───────────────────────────────────▲
///   └── resume ── interrupted, failed, cancelled
/// </code>
/// What holds in every state (<see cref="RunInvariants"/> checks it):
/// 1. <c>endedAt</c> is there exactly in completed, failed, cancelled and interrupted.
/// 2. <c>endReason</c> is there exactly in completed, failed and cancelled, and fits the state; <c>error</c> exactly in failed and cancelled.
/// 3. Attempts are numbered from 1 without gaps; only the last can be open, and it is open exactly in preparing, running and cancelling.
/// 4. <c>cancelBy</c> is there exactly in cancelling, <c>pruning</c> only there.
/// 5. completed is for ever: a finished run never runs again.
/// 6. An attempt that has ended never changes, and none goes away.
/// 7. No run waits or is interrupted that was lost twice in a row without a checkpoint, unless somebody resumed it.
/// 8. A run changes its state only along the arrows.
/// </summary>
internal static class RunStateMachine
{
    /// <summary>queued → preparing: a lane has taken the run; its next attempt begins.</summary>
    public static RunDocument Claim(RunDocument run, string device, DateTimeOffset now) => Move(run, RunState.Preparing, RunState.Queued) with
    {
        StartedAt = run.StartedAt ?? now,
        Progress = run.Progress with { Phase = "loading" },
        Attempts = [.. run.Attempts, new RunAttempt { Number = run.Attempts.Count + 1, Device = device, StartedAt = now }],
    };

    /// <summary>preparing → running: model and data are loaded. A run that is being cancelled stays so.</summary>
    public static RunDocument Begin(RunDocument run) =>
        run.State is RunState.Cancelling or RunState.Running ? run : Move(run, RunState.Running, RunState.Preparing);

    /// <summary>queued → cancelled; preparing, running → cancelling; in cancelling an earlier deadline counts. Null: too late, the run has ended otherwise.</summary>
    public static RunDocument? Cancel(RunDocument run, DateTimeOffset deadline, DateTimeOffset now) => run.State switch
    {
        RunState.Queued => Finish(run, RunState.Cancelled, EndReason.Cancelled, EndMessages.For(run, EndReason.Cancelled), now, RunState.Queued),
        RunState.Preparing or RunState.Running => Move(run, RunState.Cancelling, RunState.Preparing, RunState.Running) with { CancelBy = deadline },
        RunState.Cancelling when deadline < run.CancelBy => run with { CancelBy = deadline },
        RunState.Cancelling or RunState.Cancelled => run,
        _ => null,
    };

    /// <summary>
    /// As <see cref="Cancel"/>, by the rule of a sweep or study: queued → cancelled; preparing, running → cancelling; the end's reason is pruned.
    /// Null: there is nothing to stop, because it has ended or is being cancelled anyway.
    /// </summary>
    public static RunDocument? Prune(RunDocument run, string sentence, DateTimeOffset deadline, DateTimeOffset now) => run.State switch
    {
        RunState.Queued => Finish(run, RunState.Cancelled, EndReason.Pruned, EndMessages.Pruned(run, sentence), now, RunState.Queued),
        RunState.Preparing or RunState.Running => Move(run, RunState.Cancelling, RunState.Preparing, RunState.Running) with { CancelBy = deadline, PruneReason = sentence },
        _ => null,
    };

    /// <summary>
    /// preparing, running, cancelling → the end that fits the reason. Every end but the good one has a sentence. A worker that stops does not
    /// know who asked it to: the run was pruned where a rule did.
    /// </summary>
    public static RunDocument End(RunDocument run, EndReason reason, string? error, DateTimeOffset now)
    {
        if (reason == EndReason.Cancelled && run.PruneReason is { } rule)
        {
            (reason, error) = (EndReason.Pruned, EndMessages.Pruned(run, rule));
        }

        string? sentence = reason == EndReason.Finished ? null : error ?? EndMessages.For(run, reason);
        return Finish(run, StateOf(reason), reason, sentence, now, RunState.Preparing, RunState.Running, RunState.Cancelling);
    }

    /// <summary>
    /// preparing, running → interrupted: server or machine went away; nothing is wrong with the run. A cancel that was under way is
    /// fulfilled instead. → failed where this is the second attempt in a row that was lost and had saved nothing: perhaps the run itself
    /// takes the machine down, and it must not do so for ever.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="lost">Its process was gone without a last word.</param>
    /// <param name="now">Time of the end.</param>
    public static RunDocument Interrupt(RunDocument run, bool lost, DateTimeOffset now)
    {
        if (run.State == RunState.Cancelling)
        {
            return End(run, EndReason.Cancelled, null, now);
        }

        // Refused before anything is looked at.
        _ = Move(run, RunState.Interrupted, RunState.Preparing, RunState.Running);
        RunDocument marked = run with { Attempts = [.. run.Attempts.SkipLast(1), run.Attempts[^1] with { Lost = lost }] };
        return LostTwice(marked.Attempts)
            ? End(marked, EndReason.WorkerLost, EndMessages.LostTwice, now)
            : Finish(marked, RunState.Interrupted, null, null, now, RunState.Preparing, RunState.Running);
    }

    /// <summary>interrupted, failed, cancelled → queued: a new attempt goes on from the last checkpoint. Null: the run is not one that can go on.</summary>
    public static RunDocument? Resume(RunDocument run) => !CanResume(run) ? null : run with
    {
        State = RunState.Queued,
        EndReason = null,
        Error = null,
        LogTail = [],
        Suggestions = [],
        EndedAt = null,
    };

    /// <summary>Whether <see cref="Resume"/> is possible. A run that diverged would do so again: its steps are determined.</summary>
    public static bool CanResume(RunDocument run) =>
        run.State is RunState.Interrupted or RunState.Cancelled || (run.State == RunState.Failed && run.EndReason != EndReason.Diverged);

    /// <summary>Whether the last two attempts were lost and saved nothing.</summary>
    public static bool LostTwice(IReadOnlyList<RunAttempt> attempts) =>
        attempts.Count >= 2 && attempts.TakeLast(2).All(attempt => attempt is { Lost: true, CheckpointStep: null });

    /// <summary>The state in which a run ends for a reason.</summary>
    public static RunState StateOf(EndReason reason) => reason switch
    {
        EndReason.Finished => RunState.Completed,
        EndReason.Cancelled or EndReason.Pruned => RunState.Cancelled,
        _ => RunState.Failed,
    };

    private static RunDocument Finish(RunDocument run, RunState state, EndReason? reason, string? error, DateTimeOffset now, params RunState[] from)
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
            Attempts = hasOpenAttempt ? [.. run.Attempts.SkipLast(1), run.Attempts[^1] with { EndedAt = now, EndReason = reason, Error = error }] : run.Attempts,
        };
    }

    private static RunDocument Move(RunDocument run, RunState to, params RunState[] from) => from.Contains(run.State)
        ? run with { State = to }
        : throw new InvalidOperationException($"Run {run.Id} cannot go from {run.State} to {to}.");
}
