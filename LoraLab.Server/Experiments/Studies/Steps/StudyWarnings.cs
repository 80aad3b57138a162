using System.Globalization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>What whoever reads a study's results must know: what is missing, what lies at an edge, what was not the same for all.</summary>
internal static class StudyWarnings
{
    public static IEnumerable<string> Of(StoredStudy study, IReadOnlyList<TrackedRun> runs, IReadOnlyDictionary<string, RunDocument> documents)
    {
        foreach (TrackedRun run in runs.Where(run => run.Ended && !run.Finished))
        {
            yield return $"{Label(study, run)}: run {run.RunId} has no result ({run.Error?.TrimEnd('.') ?? "its accuracy is no number"}).";
        }

        foreach (StoredArm arm in study.Arms)
        {
            List<TrackedRun> reported = [.. runs.Where(run => run.Wanted.Method == arm.Method && run.Wanted.Stage == StudyStage.Reported)];
            if (reported.Any(run => run.Ended && !run.Finished))
            {
                yield return $"{arm.Label}: {reported.Count(run => run.Finished)} of {reported.Count} reported runs count; nothing is averaged over the others.";
            }

            if (arm.Place == GridPosition.AtEdge)
            {
                yield return $"{arm.Label}: {StudyGrid.Words(arm.Selected!)} was chosen at the edge of its grid, also after the grid was extended by one step; a value beyond may be better.";
            }
        }

        if (Tries(study, runs) is { } tries)
        {
            yield return tries;
        }

        foreach (string differs in Environments(documents.Values))
        {
            yield return differs;
        }
    }

    private static string Label(StoredStudy study, TrackedRun run) =>
        run.Wanted.Label.Replace(run.Wanted.Method, study.Arms.FirstOrDefault(arm => arm.Method == run.Wanted.Method)?.Label ?? run.Wanted.Method, StringComparison.Ordinal);

    /// <summary>A method that was tried more often had more chances.</summary>
    private static string? Tries(StoredStudy study, IReadOnlyList<TrackedRun> runs)
    {
        List<(string Label, int Count)> tries = [.. study.Arms.Select(arm => (arm.Label, runs.Count(run => run.Wanted.Method == arm.Method && run.Wanted.Stage == StudyStage.Selection)))];
        return tries.Select(method => method.Count).Distinct().Count() < 2 ? null
            : $"The number of tuning runs differs, by the grids of the plan or because one was extended beyond its edge: {string.Join(", ", tries.Select(method => string.Create(CultureInfo.InvariantCulture, $"{method.Label} {method.Count}")))}.";
    }

    private static IEnumerable<string> Environments(IEnumerable<RunDocument> runs)
    {
        List<RunEnvironment> used = [.. runs.Select(run => run.Attempts.LastOrDefault(attempt => attempt.Environment is not null)?.Environment).OfType<RunEnvironment>()];
        (string What, Func<RunEnvironment, string> Read)[] choices =
        [
            ("device", environment => environment.DeviceName ?? environment.Device),
            ("precision", environment => environment.Precision.ToString().ToLowerInvariant()),
            ("number of threads", environment => environment.Threads.ToString(CultureInfo.InvariantCulture)),
        ];
        foreach ((string what, Func<RunEnvironment, string> read) in choices)
        {
            List<string> values = [.. used.Select(read).Distinct().Order(StringComparer.Ordinal)];
            if (values.Count > 1)
            {
                yield return $"The {what} is not the same for all runs: {string.Join(", ", values)}; times do not compare.";
            }
        }
    }
}
