using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Lifecycle;

namespace LoraLab.Server.Experiments.Sweeps.Pruning;

/// <summary>
/// Successive halving: every run is stopped at a rung; when all that are to come have come, one in so many goes on from its checkpoint to the next rung, and the
/// last ones to their end. A rung is the evaluation at its step, whatever step the run has reached when it stops: specification and schedule are
/// those of a run to the end, so that what goes on is what would have been without the stop.
/// Source: K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016, algorithm 1.
/// </summary>
internal static class HalvingRule
{
    public const int DefaultFactor = 3;

    /// <summary>Steps of the rungs: the first, then each so many times further, all at evaluations and before the end.</summary>
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

    /// <summary>How many of those at a rung go on.</summary>
    public static int Kept(int runs, int factor) => Math.Max(1, runs / factor);

    /// <summary>Runs that reach each rung, and the end, when none fails.</summary>
    public static IReadOnlyList<int> Plan(int runs, int rungs, int factor)
    {
        List<int> counts = [runs];
        for (int i = 0; i < rungs; i++)
        {
            counts.Add(Kept(counts[^1], factor));
        }

        return counts;
    }

    /// <summary>The record with the rungs that were decided.</summary>
    /// <param name="record">The record.</param>
    /// <param name="courses">Its trials; those that are not chosen yet are missing.</param>
    public static StoredSweep Promote(StoredSweep record, IReadOnlyList<TrialHistory> courses)
    {
        if (courses.Count < record.PlannedRuns)
        {
            return record;
        }

        int[] passed = [.. courses.Select(course => course.Trial.Stored.RungsPassed)];
        for (int rung = 0; rung < record.Rungs.Count; rung++)
        {
            int[] members = [.. Enumerable.Range(0, passed.Length).Where(i => passed[i] >= rung)];
            if (members.Any(i => passed[i] > rung))
            {
                continue;
            }

            int step = record.Rungs[rung];
            int[] arrived = [.. members.Where(i => courses[i].At(step) is not null && !courses[i].Trial.IsOut)];
            if (arrived.Length == 0 || members.Any(i => courses[i].At(step) is null && !courses[i].Trial.IsOut))
            {
                break;
            }

            int kept = Kept(members.Length, record.Plan.Pruner!.Factor!.Value);
            foreach (int i in arrived.OrderByDescending(i => courses[i].At(step)!.Value.Score ?? double.NegativeInfinity).ThenBy(i => i).Take(kept))
            {
                passed[i] = rung + 1;
            }
        }

        return passed.SequenceEqual(courses.Select(course => course.Trial.Stored.RungsPassed))
            ? record
            : record with { Trials = [.. record.Trials.Select((trial, i) => trial with { RungsPassed = passed[i] })] };
    }

    /// <summary>Runs that are at a rung and have not passed it.</summary>
    public static IEnumerable<RequestedStop> Stops(StoredSweep record, string sweep, IReadOnlyList<TrialHistory> courses) =>
        from course in courses
        let rung = course.Trial.Stored.RungsPassed
        where course.Trial.IsLive && rung < record.Rungs.Count && course.LastStep >= record.Rungs[rung]
        select new RequestedStop(course.Trial.Run!.Id, Sentence(record, sweep, rung));

    /// <summary>Stopped runs that have a way to go to the next rung, or to the end.</summary>
    public static IEnumerable<string> Resumes(StoredSweep record, IReadOnlyList<TrialHistory> courses) =>
        from course in courses
        let rung = course.Trial.Stored.RungsPassed
        where rung > 0 && course.Trial.Run is { State: RunState.Cancelled, EndReason: EndReason.Pruned }
        where course.LastStep < (rung < record.Rungs.Count ? record.Rungs[rung] : record.TotalSteps)
        select course.Trial.Run!.Id;

    private static string Sentence(StoredSweep record, string sweep, int rung)
    {
        int factor = record.Plan.Pruner!.Factor!.Value;
        int runs = Plan(record.PlannedRuns, record.Rungs.Count, factor)[rung];
        return $"Sweep '{sweep}' stopped it at rung {rung + 1} of {record.Rungs.Count} (step {record.Rungs[rung]}): the best {Kept(runs, factor)} of {runs} go on from their checkpoints when all are here.";
    }
}
