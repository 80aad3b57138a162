using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>
/// Marks the best value of a column, only among comparable runs and only if it was shown to differ: of the primary metric by the paired
/// tests, of time and memory by more than repeated runs differ, of parameters by their number. Other metrics are not tested, so they have
/// no mark.
/// </summary>
internal static class CompareMarks
{
    private const double Alpha = 0.05;

    public static IReadOnlyList<CompareMark> Of(IReadOnlyList<ComparedRun> runs, PairedTests tests, CompareMargins margins)
    {
        List<ComparedRun> done = [.. runs.Where(run => run.Completed)];
        return done.Count < 2 || !AreComparable(done) ? [] :
        [
            .. Primary(done, tests),
            .. TimesAreComparable(done) ? Lowest(done, "trainSeconds", summary => summary.TrainSeconds, margins.Time) : [],
            .. MemoryIsComparable(done) ? Lowest(done, "peakMemoryMb", summary => summary.PeakMemoryMb, margins.Memory) : [],
            .. Lowest(done, "trainableParameters", summary => summary.TrainableParameters, 0),
        ];
    }

    /// <summary>Whether runs evaluated the same rows in the same way after the same number of steps.</summary>
    private static bool AreComparable(IReadOnlyList<ComparedRun> runs) =>
        PairRefusal.OfAll([.. runs]) is null
        && Same(runs, run => (run.Document.Task, run.Metric.Key, run.Document.Spec.EvalSplit, run.Steps));

    /// <summary>Whether runs had the same machine and threads, and the machine to themselves.</summary>
    private static bool TimesAreComparable(IReadOnlyList<ComparedRun> runs) =>
        runs.All(run => run.Environment is not null && run.Document.Summary.PredictionsBeside is null)
        && Same(runs, run => (run.Environment!.Device, run.Environment.DeviceName, run.Environment.Threads))
        && !Overlap(runs);

    private static bool MemoryIsComparable(IReadOnlyList<ComparedRun> runs) =>
        runs.All(run => run.Environment is { MemorySource.Length: > 0 })
        && Same(runs, run => (run.Environment!.Device, run.Environment.DeviceName, run.Environment.MemorySource));

    /// <summary>Whether any two of the runs were executed at the same time.</summary>
    private static bool Overlap(IReadOnlyList<ComparedRun> runs)
    {
        List<RunAttempt> attempts = [.. runs.SelectMany(run => run.Document.Attempts).OrderBy(attempt => attempt.StartedAt)];
        return attempts.Zip(attempts.Skip(1)).Any(pair => pair.First.EndedAt is not DateTimeOffset end || end > pair.Second.StartedAt);
    }

    private static bool Same<T>(IReadOnlyList<ComparedRun> runs, Func<ComparedRun, T> read) => runs.Select(read).Distinct().Count() == 1;

    private static IEnumerable<CompareMark> Primary(IReadOnlyList<ComparedRun> runs, PairedTests tests)
    {
        MetricDescriptor metric = runs[0].Metric;
        ComparedRun? best = runs.Where(run => run.Document.Summary[metric.Key]?.Last is not null)
            .MaxBy(run => metric.Sign * run.Document.Summary[metric.Key]!.Last!.Value);
        if (best is not null && metric.Sign != 0 && tests.Metric == metric.Key && runs.All(other => other == best || IsBetter(other)))
        {
            yield return new CompareMark(best.Id, metric.Key);
        }

        bool IsBetter(ComparedRun other) => tests.Pairs.Any(pair => pair.HolmP < Alpha
            && (metric.Sign * pair.Difference > 0
                ? pair.RunA == best.Id && pair.RunB == other.Id
                : pair.RunB == best.Id && pair.RunA == other.Id));
    }

    /// <summary>The run whose value is lower than that of every other by more than the margin.</summary>
    private static IEnumerable<CompareMark> Lowest(
        IReadOnlyList<ComparedRun> runs, string column, Func<RunSummary, double?> read, double margin)
    {
        List<(string Id, double Value)> values =
            [.. runs.Select(run => (run.Id, Value: read(run.Document.Summary))).Where(run => run.Value is not null)
                .Select(run => (run.Id, Value: run.Value!.Value)).OrderBy(run => run.Value)];
        if (values.Count == runs.Count && values[0].Value < values[1].Value * (1 - margin))
        {
            yield return new CompareMark(values[0].Id, column);
        }
    }
}
