using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Lifecycle;

namespace LoraLab.Server.Experiments.Sweeps.Pruning;

/// <summary>
/// Successive halving: every run is stopped at a rung; once all have reached it, one in <c>factor</c> resumes from its checkpoint to the
/// next rung, the last ones to the end. A rung is the evaluation at its step, whatever step the run has reached when it stops; a run that
/// stopped early keeps its last one.
/// Specification and schedule are those of a full run, so that a resumed run equals one that was never stopped.
/// Source: K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyper-parameter optimization", AISTATS 2016,
/// algorithm 1.
/// </summary>
internal static class HalvingRule
{
    public const int DefaultFactor = 3;

    /// <summary>Steps of the rungs: growing by the factor, rounded up to evaluations, all before the end.</summary>
    public static IReadOnlyList<int> Rungs(int first, int factor, int evalEvery, int totalSteps)
    {
        List<int> rungs = [];
        for (long step = first; step < totalSteps; step *= factor)
        {
            long rung = (step + evalEvery - 1) / evalEvery * evalEvery;
            if (rung < totalSteps && (rungs.Count == 0 || rung > rungs[^1]))
            {
                rungs.Add((int)rung);
            }
        }

        return rungs;
    }

    /// <summary>Number of runs that survive a rung.</summary>
    public static int Survivors(int runs, int factor) => Math.Max(1, runs / factor);

    /// <summary>Number of runs that reach each rung, and the end, if none fails.</summary>
    public static IReadOnlyList<int> RunsPerRung(int runs, int rungs, int factor)
    {
        List<int> counts = [runs];
        for (int i = 0; i < rungs; i++)
        {
            counts.Add(Survivors(counts[^1], factor));
        }

        return counts;
    }

    /// <summary>The sweep after deciding all rungs that every run has reached.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="histories">Its trials; those that are not sampled yet are missing.</param>
    public static StoredSweep Promote(StoredSweep sweep, IReadOnlyList<TrialHistory> histories)
    {
        if (histories.Count < sweep.PlannedRuns)
        {
            return sweep;
        }

        int[] passed = [.. histories.Select(history => history.Trial.Stored.RungsPassed)];
        for (int rung = 0; rung < sweep.Rungs.Count; rung++)
        {
            int[] members = [.. Enumerable.Range(0, passed.Length).Where(i => passed[i] >= rung)];
            if (members.Any(i => passed[i] > rung))
            {
                continue;
            }

            int step = sweep.Rungs[rung];
            int[] arrived = [.. members.Where(i => histories[i].Reached(step) is not null && !histories[i].Trial.HasNoResult)];
            if (arrived.Length == 0 || members.Any(i => histories[i].Reached(step) is null && !histories[i].Trial.HasNoResult))
            {
                break;
            }

            int survivors = Survivors(members.Length, sweep.Plan.Pruner!.Factor!.Value);
            foreach (int i in arrived.OrderByDescending(i => histories[i].Reached(step)!.Value.Score ?? double.NegativeInfinity)
                .ThenBy(i => i).Take(survivors))
            {
                passed[i] = rung + 1;
            }
        }

        return passed.SequenceEqual(histories.Select(history => history.Trial.Stored.RungsPassed))
            ? sweep
            : sweep with { Trials = [.. sweep.Trials.Select((trial, i) => trial with { RungsPassed = passed[i] })] };
    }

    /// <summary>Runs that have reached a rung that they have not passed.</summary>
    public static IEnumerable<RequestedStop> Stops(StoredSweep sweep, string sweepName, IReadOnlyList<TrialHistory> histories) =>
        from history in histories
        let rung = history.Trial.Stored.RungsPassed
        where history.Trial.IsLive && rung < sweep.Rungs.Count && history.LastStep >= sweep.Rungs[rung]
        select new RequestedStop(history.Trial.Run!.Id, Reason(sweep, sweepName, rung));

    /// <summary>Stopped runs that passed a rung and have not yet reached the next one, or the end.</summary>
    public static IEnumerable<string> Resumes(StoredSweep sweep, IReadOnlyList<TrialHistory> histories) =>
        from history in histories
        let rung = history.Trial.Stored.RungsPassed
        where rung > 0 && history.Trial.Run is { State: RunState.Cancelled, EndReason: EndReason.Pruned }
        where history.LastStep < (rung < sweep.Rungs.Count ? sweep.Rungs[rung] : sweep.TotalSteps)
        select history.Trial.Run!.Id;

    private static string Reason(StoredSweep sweep, string sweepName, int rung)
    {
        int factor = sweep.Plan.Pruner!.Factor!.Value;
        int runs = RunsPerRung(sweep.PlannedRuns, sweep.Rungs.Count, factor)[rung];
        return $"Stopped by sweep '{sweepName}' at rung {rung + 1} of {sweep.Rungs.Count} (step {NumberFormat.Count(sweep.Rungs[rung])}): "
            + $"once all have reached it, the best {Survivors(runs, factor)} of {runs} resume from their checkpoints.";
    }
}
