using CsCheck;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using Xunit;

namespace LoraLab.Tests.Server.Domain;

/// <summary>
/// Random commands, events and faults in random order: after each the invariants hold, the state is the one expected by a table written
/// independently of the state machine, and rejected transitions change nothing.
/// </summary>
public sealed class RunStateMachineTests
{
    private const int LongestStory = 60;
    private const string Rule = "A rule stopped it.";
    private static readonly DateTimeOffset _begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private enum Move
    {
        Claim,
        Prepared,
        Progress,
        Checkpoint,
        Told,
        Cancel,
        Kill,
        Prune,
        End,
        Stopped,
        Lost,
        Resume,
    }

    [Fact]
    public void Moves_InAnyOrder_KeepTheInvariantsAndFollowTheTable() =>
        Gen.Select(Gen.Enum<Move>(), Gen.Enum<EndReason>()).Array[1, LongestStory].Sample(
            story =>
            {
                Model model = new();
                RunDocument run = new() { Id = "a", Name = "a", Color = "#000000", Spec = new RunSpec(), CreatedAt = _begin };
                for (int i = 0; i < story.Length; i++)
                {
                    (Move move, EndReason reason) = story[i];
                    DateTimeOffset now = _begin.AddSeconds(i);
                    RunDocument? after = Try(run, move, reason, now);
                    RunState? expected = model.Expect(run, move, reason);
                    Assert.Equal(expected, after?.State);
                    if (after is null)
                    {
                        continue;
                    }

                    Assert.Empty(RunInvariants.Violations(run, after));
                    model.CheckReason(run, after, move, reason);
                    run = after;
                }
            },
            iter: 20_000);

    [Fact]
    public void Transitions_EveryPairOfStates_TableAndInvariantsAgree()
    {
        foreach (RunState from in Enum.GetValues<RunState>())
        {
            foreach (RunState to in Enum.GetValues<RunState>().Where(to => to != from))
            {
                bool drawn = (from, to) switch
                {
                    (RunState.Queued, RunState.Preparing or RunState.Cancelled) => true,
                    (RunState.Preparing, RunState.Running) => true,
                    (RunState.Preparing or RunState.Running, RunState.Cancelling or RunState.Interrupted) => true,
                    (RunState.Preparing or RunState.Running or RunState.Cancelling, RunState.Completed
                        or RunState.Failed or RunState.Cancelled) => true,
                    (RunState.Failed or RunState.Cancelled or RunState.Interrupted, RunState.Queued) => true,
                    _ => false,
                };
                bool allowed = !RunInvariants.Violations(In(from), In(to)).Any(broken => broken.StartsWith('8'));
                Assert.True(drawn == allowed, $"{from} to {to}");
            }
        }
    }

    [Fact]
    public void Violations_InconsistentDocuments_AreNamedByTheirInvariant()
    {
        RunDocument run = In(RunState.Queued);
        RunAttempt open = new() { Number = 1, StartedAt = _begin };
        RunAttempt lost = open with { EndedAt = _begin, Lost = true };
        Assert.Contains(RunInvariants.Violations(run with { EndedAt = _begin }), broken => broken.StartsWith('1'));
        Assert.Contains(
            RunInvariants.Violations(run with { State = RunState.Completed, EndedAt = _begin, EndReason = EndReason.Diverged }),
            broken => broken.StartsWith('2'));
        Assert.Contains(
            RunInvariants.Violations(run with { State = RunState.Failed, EndedAt = _begin, EndReason = EndReason.Diverged }),
            broken => broken.StartsWith('2'));
        Assert.Contains(RunInvariants.Violations(run with { Attempts = [open] }), broken => broken.StartsWith('3'));
        Assert.Contains(RunInvariants.Violations(run with { State = RunState.Running }), broken => broken.StartsWith('3'));
        Assert.Contains(
            RunInvariants.Violations(run with { State = RunState.Cancelling, Attempts = [open] }),
            broken => broken.StartsWith('4'));
        Assert.Contains(RunInvariants.Violations(run with { PruneReason = Rule }), broken => broken.StartsWith('4'));
        Assert.Contains(RunInvariants.Violations(In(RunState.Completed), run), broken => broken.StartsWith('5'));
        Assert.Contains(
            RunInvariants.Violations(run with { Attempts = [lost] }, run with { Attempts = [lost with { LastEvent = 7 }] }),
            broken => broken.StartsWith('6'));
        Assert.Contains(RunInvariants.Violations(run with { Attempts = [lost] }, run), broken => broken.StartsWith('6'));
        Assert.Contains(
            RunInvariants.Violations(
                run with { State = RunState.Interrupted, EndedAt = _begin, Attempts = [lost, lost with { Number = 2 }] }),
            broken => broken.StartsWith('7'));
    }

    private static RunDocument In(RunState state) => new() { Id = "a", Name = "a", Color = "#000000", Spec = new RunSpec(), State = state };

    /// <summary>Null: rejected.</summary>
    private static RunDocument? Try(RunDocument run, Move move, EndReason reason, DateTimeOffset now)
    {
        try
        {
            return move switch
            {
                Move.Claim => RunStateMachine.Claim(run, "cpu", now),
                Move.Cancel => RunStateMachine.Cancel(run, now.AddSeconds(15), now),
                Move.Kill => RunStateMachine.Cancel(run, now, now),
                Move.Prune => RunStateMachine.Prune(run, Rule, now.AddSeconds(15), now),
                Move.End => RunStateMachine.End(run, reason, null, now),
                Move.Stopped => RunStateMachine.Interrupt(run, lost: false, now),
                Move.Lost => RunStateMachine.Interrupt(run, lost: true, now),
                Move.Resume => RunStateMachine.Resume(run),
                _ => Hear(run, move),
            };
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>What a run's trainer warns of is on its page once, however often it says so.</summary>
    [Fact]
    public void Apply_Warnings_AreWarningsOfTheRunOnce()
    {
        RunDocument run = new() { Id = "a", Name = "a", Color = "#000000", Spec = new RunSpec(), CreatedAt = _begin, Warnings = ["first"] };
        RunDocument claimed = RunStateMachine.Claim(run, "cpu", _begin);

        RunDocument after = RunProjector.Apply(
            claimed,
            [new WarningRaised { Number = 1, Message = "second" }, new WarningRaised { Number = 2, Message = "second" }]).Document;

        Assert.Equal(["first", "second"], after.Warnings);
    }

    /// <summary>Acts like the importer: applies events only while the attempt is open, and once.</summary>
    private static RunDocument? Hear(RunDocument run, Move move)
    {
        if (run.State is not (RunState.Preparing or RunState.Running or RunState.Cancelling))
        {
            return null;
        }

        long n = run.Attempts[^1].LastEvent + 1;
        WorkerEvent happened = move switch
        {
            Move.Prepared => new RunPrepared { Number = n, Spec = run.Spec, Environment = new RunEnvironment(), TotalSteps = 10 },
            Move.Progress => new ProgressMade { Number = n, Step = 1, Phase = "training" },
            Move.Checkpoint => new CheckpointSaved { Number = n, Step = 1 },
            _ => new AttemptEnded { Number = n, Reason = EndReason.Finished },
        };
        RunDocument after = RunProjector.Apply(run, [happened]).Document;
        Assert.Same(after, RunProjector.Apply(after, [happened, happened]).Document);
        return after;
    }

    /// <summary>The table, and its state: per attempt, whether it was lost and whether it saved a checkpoint.</summary>
    private sealed class Model
    {
        private readonly List<(bool Lost, bool Saved)> _attempts = [];
        private bool _pruning;

        /// <summary>
        /// A rule that stopped the run determines the end reason however the worker stopped, unless the run ended otherwise first.
        /// </summary>
        public void CheckReason(RunDocument before, RunDocument after, Move move, EndReason reason)
        {
            if (before.EndedAt is not null || after.EndedAt is null)
            {
                return;
            }

            bool stopped = move != Move.End || reason == EndReason.Cancelled;
            bool byRule = move == Move.Prune || (_pruning && stopped) || (move == Move.End && reason == EndReason.Pruned);
            Assert.Equal(byRule, after.EndReason == EndReason.Pruned);
            Assert.Equal(
                byRule && !(move == Move.End && reason == EndReason.Pruned && !_pruning),
                after.Error?.StartsWith(Rule, StringComparison.Ordinal) == true);
            _pruning = false;
        }

        public RunState? Expect(RunDocument run, Move move, EndReason reason)
        {
            RunState state = run.State;
            bool open = state is RunState.Preparing or RunState.Running or RunState.Cancelling;
            switch (move)
            {
                case Move.Claim when state == RunState.Queued:
                    _attempts.Add((false, false));
                    return RunState.Preparing;
                case Move.Prepared when state == RunState.Preparing:
                    return RunState.Running;
                case Move.Checkpoint when open:
                    _attempts[^1] = (false, true);
                    return state;
                case Move.Prepared or Move.Progress or Move.Told when open:
                    return state;
                case Move.Cancel or Move.Kill when state is RunState.Queued or RunState.Cancelled:
                    return RunState.Cancelled;
                case Move.Cancel or Move.Kill when open:
                    return RunState.Cancelling;
                case Move.Prune when state == RunState.Queued:
                    return RunState.Cancelled;
                case Move.Prune when state is RunState.Preparing or RunState.Running:
                    _pruning = true;
                    return RunState.Cancelling;
                case Move.End when open:
                    return reason switch
                    {
                        EndReason.Finished or EndReason.EarlyStopped => RunState.Completed,
                        EndReason.Cancelled or EndReason.Pruned => RunState.Cancelled,
                        _ => RunState.Failed,
                    };
                case Move.Stopped or Move.Lost when state == RunState.Cancelling:
                    return RunState.Cancelled;
                case Move.Stopped or Move.Lost when open:
                    _attempts[^1] = (move == Move.Lost, _attempts[^1].Saved);
                    return _attempts.Count > 1 && _attempts.TakeLast(2).All(attempt => attempt is (true, false))
                        ? RunState.Failed
                        : RunState.Interrupted;
                case Move.Resume when state is RunState.Interrupted or RunState.Cancelled
                    || (state == RunState.Failed && run.EndReason != EndReason.Diverged):
                    return RunState.Queued;
                default:
                    return null;
            }
        }
    }
}
