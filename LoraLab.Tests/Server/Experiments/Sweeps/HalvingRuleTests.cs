using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Pruning;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>Rungs, the runs that survive them, and the resulting stops and resumes.</summary>
public sealed class HalvingRuleTests
{
    [Theory]
    [InlineData(50, 3, 50, 1250, new[] { 50, 150, 450 })]
    [InlineData(1, 3, 50, 1250, new[] { 50, 100, 250, 750 })]
    [InlineData(60, 2, 50, 400, new[] { 100, 150, 250 })]
    [InlineData(50, 3, 50, 50, new int[0])]
    [InlineData(100, 100, 100, int.MaxValue, new[] { 100, 10_000, 1_000_000, 100_000_000 })]
    public void Rungs_LieAtEvaluationsBeforeTheEnd(int first, int factor, int evalEvery, int total, int[] expected) =>
        Assert.Equal(expected, HalvingRule.Rungs(first, factor, evalEvery, total));

    [Theory]
    [InlineData(27, 3, 3, new[] { 27, 9, 3, 1 })]
    [InlineData(10, 2, 3, new[] { 10, 3, 1 })]
    [InlineData(2, 3, 3, new[] { 2, 1, 1, 1 })]
    public void RunsPerRung_KeepsOneInFactorAndAtLeastOne(int runs, int rungs, int factor, int[] expected) =>
        Assert.Equal(expected, HalvingRule.RunsPerRung(runs, rungs, factor));

    [Fact]
    public void Promote_NotAllAreThere_Waits()
    {
        TrialHistory[] histories =
        [
            At(1, RunState.Cancelled, (10, 0.9)),
            At(2, RunState.Cancelled, (10, 0.8)),
            At(3, RunState.Running, (5, 0.7)),
        ];

        Assert.Equal([0, 0, 0], Promoted(histories));
        Assert.Empty(HalvingRule.Resumes(Record(3), histories));
    }

    [Fact]
    public void Promote_AllAreThere_TakesTheBestAndOfEqualsTheFirst()
    {
        TrialHistory[] histories =
        [
            At(1, RunState.Cancelled, (5, 0.9), (10, 0.7)), At(2, RunState.Cancelled, (10, 0.8), (15, 0.1)),
            At(3, RunState.Cancelled, (10, null)), At(4, RunState.Cancelled, (10, 0.8)),
        ];

        // Ranked by the evaluation at the rung only, neither by earlier nor by later ones; non-finite scores rank last.
        Assert.Equal([0, 1, 0, 1], Promoted(histories));
    }

    [Fact]
    public void Promote_FailedAndDeletedRuns_AreNotWaitedFor()
    {
        TrialHistory[] histories =
        [
            At(1, RunState.Cancelled, (10, 0.5)),
            At(2, RunState.Failed, (5, 0.9)),
            new(new Trial(3, new StoredTrial([]) { RunId = "gone" }, null), []),
        ];

        Assert.Equal([1, 0, 0], Promoted(histories));
    }

    [Fact]
    public void Promote_RunThatStoppedEarlyBeforeTheRung_IsJudgedByItsLastEvaluation()
    {
        TrialHistory stopped = At(1, RunState.Completed, (2, 0.9), (5, 0.6));
        TrialHistory[] histories =
        [
            stopped with
            {
                Trial = stopped.Trial with { Run = stopped.Trial.Run! with { EndReason = EndReason.EarlyStopped } },
            },
            At(2, RunState.Cancelled, (10, 0.5)), At(3, RunState.Cancelled, (10, 0.4)), At(4, RunState.Cancelled, (10, 0.7)),
        ];

        Assert.Equal([1, 0, 0, 1], Promoted(histories));
        Assert.DoesNotContain("run1", HalvingRule.Stops(Record(4), "s", histories).Select(stop => stop.RunId));
    }

    [Fact]
    public void Promote_RunThatIsPastTheNextRungAlready_IsJudgedThereToo()
    {
        TrialHistory[] histories = [At(1, RunState.Cancelled, (10, 0.9), (20, 0.9)), At(2, RunState.Cancelled, (10, 0.8))];

        Assert.Equal([2, 0], Promoted(histories));
    }

    [Fact]
    public void StopsAndResumes_FollowFromRungsAndEvaluations()
    {
        StoredSweep record = Record(5);
        TrialHistory[] histories =
        [
            At(1, RunState.Running, 0, (10, 0.9)), At(2, RunState.Running, 0, (5, 0.9)), At(3, RunState.Queued, 0, (10, 0.9)),
            At(4, RunState.Cancelled, 1, (10, 0.9)), At(5, RunState.Cancelled, 1, (20, 0.9)),
        ];

        // A run that was interrupted at its rung is queued again and must be stopped. A run that has already reached the next rung is not
        // resumed.
        Assert.Equal(["run1", "run3"], HalvingRule.Stops(record, "s", histories).Select(stop => stop.RunId));
        Assert.Equal(["run4"], HalvingRule.Resumes(record, histories));
    }

    private static int[] Promoted(TrialHistory[] histories) =>
        [.. HalvingRule.Promote(Record(histories.Length), histories).Trials.Select(trial => trial.RungsPassed)];

    private static StoredSweep Record(int runs) => new()
    {
        Plan = new SweepPlan { Pruner = new SweepPruner { Kind = SweepPrunerKind.Halving, Factor = 2 } },
        Rungs = [10, 20],
        TotalSteps = 40,
        PlannedRuns = runs,
        Trials = [.. Enumerable.Range(1, runs).Select(_ => new StoredTrial([]))],
    };

    private static TrialHistory At(int number, RunState state, params (int Step, double? Score)[] evaluations) =>
        At(number, state, 0, evaluations);

    private static TrialHistory At(int number, RunState state, int passed, params (int Step, double? Score)[] evaluations)
    {
        RunDocument run = new()
        {
            Id = $"run{number}",
            Name = "",
            Color = "",
            Spec = new RunSpec(),
            State = state,
            EndReason = state switch { RunState.Cancelled => EndReason.Pruned, RunState.Failed => EndReason.Diverged, _ => null },
        };
        return new TrialHistory(
            new Trial(number, new StoredTrial([]) { RunId = run.Id, RungsPassed = passed }, run),
            [.. evaluations.Select(evaluation => new Evaluation(evaluation.Step, evaluation.Score))]);
    }
}
