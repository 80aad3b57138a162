using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>Warnings about a study's results: missing runs, selections at a grid edge, and conditions that differ between runs.</summary>
internal static class StudyWarnings
{
    public static IEnumerable<string> Of(
        StoredStudy study, IReadOnlyList<StudyRun> runs, IReadOnlyDictionary<string, RunDocument> documents)
    {
        foreach (StudyRun run in runs.Where(run => run.HasEnded() && !run.HasFinished()))
        {
            yield return $"{Label(study, run)}: run {run.RunId} has no result ({run.WithoutResult()}).";
        }

        foreach (StoredArm arm in study.Arms)
        {
            List<StudyRun> reported =
                [.. runs.Where(run => run.Method == arm.Method && run.Stage == StudyStage.Reported)];
            if (reported.Any(run => run.HasEnded() && !run.HasFinished()))
            {
                yield return $"{arm.Label}: {reported.Count(run => run.HasFinished())} of {reported.Count} reported runs count; "
                    + "the others are excluded from all means.";
            }

            if (arm.Place == GridPosition.AtEdge)
            {
                yield return $"{arm.Label}: the selected {StudyGrid.Describe(arm.Selected!)} lies at the edge of the grid, "
                    + "even after the grid was extended by one step; values beyond may be better.";
            }
        }

        if (Tries(study, runs) is { } tries)
        {
            yield return tries;
        }

        string[] metrics = [.. documents.Values.Select(run => TaskDescriptors.Of(run.Task, run.Metric).Primary.Name).Distinct()
            .Order(StringComparer.Ordinal)];
        if (metrics.Length > 1)
        {
            yield return $"The primary metric differs between runs ({string.Join(", ", metrics)}), because the dataset or generateSamples "
                + "changed: selections and tables that mix them are not comparable.";
        }

        foreach (string warning in Environments(documents.Values))
        {
            yield return warning;
        }

        string[] early = [.. documents.Values.Where(run => run.EndReason == EndReason.EarlyStopped).Select(run => run.Id)];
        if (early.Length > 0)
        {
            yield return $"{NumberFormat.Count(early.Length, "run")} stopped early ({string.Join(", ", early)}): each method was trained "
                + "for as many steps as its own evaluations chose, so that numbers of steps and times differ between methods, and results "
                + "on the rows of those evaluations are optimistic.";
        }

        string[] beside = [.. documents.Values.Where(run => run.Summary.PredictionsBeside is not null).Select(run => run.Id)];
        if (beside.Length > 0)
        {
            yield return $"Predictions were computed beside {string.Join(", ", beside)}: their times are not comparable.";
        }
    }

    private static string Label(StoredStudy study, StudyRun run) =>
        run.Required().Label.Replace(
            run.Method,
            study.Arms.FirstOrDefault(arm => arm.Method == run.Method)?.Label ?? run.Method,
            StringComparison.Ordinal);

    /// <summary>Warns about unequal tuning budgets: a method with more tuning runs had more chances.</summary>
    private static string? Tries(StoredStudy study, IReadOnlyList<StudyRun> runs)
    {
        List<(string Label, int Count)> tries = [.. study.Arms.Select(arm =>
            (arm.Label, runs.Count(run => run.Method == arm.Method && run.Stage == StudyStage.Selection)))];
        string counts = string.Join(
            ", ", tries.Select(method => string.Create(CultureInfo.InvariantCulture, $"{method.Label} {method.Count}")));
        return tries.Select(method => method.Count).Distinct().Count() < 2 ? null
            : "The number of tuning runs differs between methods, because of the grids of the plan or "
                + $"because a grid was extended: {counts}.";
    }

    private static IEnumerable<string> Environments(IEnumerable<RunDocument> runs)
    {
        List<RunEnvironment> used = [.. runs.Select(run =>
            run.Attempts.LastOrDefault(attempt => attempt.Environment is not null)?.Environment).OfType<RunEnvironment>()];
        (string Name, Func<RunEnvironment, string> Read)[] properties =
        [
            ("device", environment => environment.DeviceName ?? environment.Device),
            ("precision", environment => environment.Precision.ToString().ToLowerInvariant()),
            ("number of threads", environment => environment.Threads.ToString(CultureInfo.InvariantCulture)),
        ];
        foreach ((string name, Func<RunEnvironment, string> read) in properties)
        {
            List<string> values = [.. used.Select(read).Distinct().Order(StringComparer.Ordinal)];
            if (values.Count > 1)
            {
                yield return $"The {name} differs between runs ({string.Join(", ", values)}): times are not comparable.";
            }
        }
    }
}
