using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>Invariants of every run document in every state; see <see cref="RunStateMachine"/>.</summary>
internal static class RunInvariants
{
    /// <summary>One message per invariant that the document violates.</summary>
    public static IEnumerable<string> Violations(RunDocument run)
    {
        bool ended = run.State.IsTerminal();
        bool open = run.State is RunState.Preparing or RunState.Running or RunState.Cancelling;
        if (ended != run.EndedAt.HasValue)
        {
            yield return $"1: {run.State} with endedAt {run.EndedAt}";
        }

        if ((ended && run.State != RunState.Interrupted) != run.EndReason.HasValue
            || (run.EndReason is { } reason && RunStateMachine.StateOf(reason) != run.State))
        {
            yield return $"2: {run.State} with endReason {run.EndReason}";
        }

        if ((run.State is RunState.Failed or RunState.Cancelled) != run.Error is not null)
        {
            yield return $"2: {run.State} with error '{run.Error}'";
        }

        if (!run.Attempts.Select(attempt => attempt.Number).SequenceEqual(Enumerable.Range(1, run.Attempts.Count)))
        {
            yield return $"3: attempts are numbered {string.Join(", ", run.Attempts.Select(attempt => attempt.Number))}";
        }

        if (run.Attempts.SkipLast(1).Any(attempt => attempt.EndedAt is null)
            || open != (run.Attempts.Count > 0 && run.Attempts[^1].EndedAt is null))
        {
            yield return $"3: {run.State} with {run.Attempts.Count(attempt => attempt.EndedAt is null)} open attempts";
        }

        if ((run.State == RunState.Cancelling) != run.CancelBy.HasValue)
        {
            yield return $"4: {run.State} with cancelBy {run.CancelBy}";
        }

        if (run.PruneReason is not null && run.State != RunState.Cancelling)
        {
            yield return $"4: {run.State} with pruning '{run.PruneReason}'";
        }

        if (run.State == RunState.Interrupted && RunStateMachine.LostTwice(run.Attempts))
        {
            yield return "7: interrupted, although it was lost twice in a row without a checkpoint";
        }
    }

    /// <summary>One message per invariant that the change of a document violates.</summary>
    public static IEnumerable<string> Violations(RunDocument before, RunDocument after)
    {
        if (before.State == RunState.Completed && after.State != RunState.Completed)
        {
            yield return $"5: {after.State} after {before.State}";
        }

        foreach (RunAttempt attempt in before.Attempts.Where(attempt =>
            attempt.EndedAt is not null && after.Attempts.ElementAtOrDefault(attempt.Number - 1) != attempt))
        {
            yield return $"6: attempt {attempt.Number} changed after its end";
        }

        if (after.Attempts.Count < before.Attempts.Count)
        {
            yield return $"6: {after.Attempts.Count} attempts after {before.Attempts.Count}";
        }

        if (before.State != after.State && !Transitions(before.State).Contains(after.State))
        {
            yield return $"8: {after.State} after {before.State}";
        }

        foreach (string broken in Violations(after))
        {
            yield return broken;
        }
    }

    private static RunState[] Transitions(RunState from) => from switch
    {
        RunState.Queued => [RunState.Preparing, RunState.Cancelled],
        RunState.Preparing =>
            [RunState.Running, RunState.Cancelling, RunState.Completed, RunState.Failed, RunState.Cancelled, RunState.Interrupted],
        RunState.Running => [RunState.Cancelling, RunState.Completed, RunState.Failed, RunState.Cancelled, RunState.Interrupted],
        RunState.Cancelling => [RunState.Completed, RunState.Failed, RunState.Cancelled],
        RunState.Failed or RunState.Cancelled or RunState.Interrupted => [RunState.Queued],
        _ => [],
    };
}
