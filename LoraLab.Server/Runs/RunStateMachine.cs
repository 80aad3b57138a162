using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Runs;

/// <summary>
/// The only code that changes a run's state. Each move names the states it may start from; anything else is a bug of the
/// caller and throws, so that no run can end twice or start after its end.
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

    /// <summary>queued → cancelled; preparing, running → cancelling. Null: too late, the run has ended otherwise.</summary>
    public static RunDocument? Cancel(RunDocument run, DateTimeOffset now) => run.State switch
    {
        RunState.Queued => Finish(run, RunState.Cancelled, EndReason.Cancelled, null, now),
        RunState.Preparing or RunState.Running => Move(run, RunState.Cancelling, RunState.Preparing, RunState.Running),
        RunState.Cancelling or RunState.Cancelled => run,
        _ => null,
    };

    /// <summary>preparing, running, cancelling → the end that fits the reason.</summary>
    public static RunDocument End(RunDocument run, EndReason reason, string? error, DateTimeOffset now) => Finish(
        run,
        reason switch
        {
            EndReason.Finished or EndReason.Pruned => RunState.Completed,
            EndReason.Cancelled => RunState.Cancelled,
            _ => RunState.Failed,
        },
        reason,
        error,
        now);

    /// <summary>preparing, running → interrupted: the server went away; nothing is wrong with the run. A cancel that was under way is fulfilled instead.</summary>
    public static RunDocument Interrupt(RunDocument run, DateTimeOffset now) => run.State == RunState.Cancelling
        ? End(run, EndReason.Cancelled, null, now)
        : Finish(run, RunState.Interrupted, null, null, now);

    private static RunDocument Finish(RunDocument run, RunState state, EndReason? reason, string? error, DateTimeOffset now)
    {
        RunState[] from = state == RunState.Cancelled
            ? [RunState.Queued, RunState.Preparing, RunState.Running, RunState.Cancelling]
            : [RunState.Preparing, RunState.Running, RunState.Cancelling];
        RunDocument ended = Move(run, state, from);
        return ended with
        {
            EndReason = reason,
            Error = error,
            EndedAt = now,
            Progress = run.Progress with { Phase = null, EtaSeconds = state == RunState.Completed ? 0 : null },
            Attempts = run.Attempts.Count == 0 ? [] : [.. run.Attempts.SkipLast(1), run.Attempts[^1] with { EndedAt = now }],
        };
    }

    private static RunDocument Move(RunDocument run, RunState to, params RunState[] from) => from.Contains(run.State)
        ? run with { State = to }
        : throw new InvalidOperationException($"Run {run.Id} cannot go from {run.State} to {to}.");
}
