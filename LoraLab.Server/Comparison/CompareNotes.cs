using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Comparison;

/// <summary>Notes on what limits the comparability of runs and might otherwise be overlooked.</summary>
internal static class CompareNotes
{
    public static IEnumerable<string> Of(
        IReadOnlyList<ComparedRun> compared,
        IReadOnlyList<CompareRow> rows,
        IReadOnlyList<SpecDifference> differences,
        IReadOnlyList<SeedGroup> groups)
    {
        IReadOnlyList<RunDocument> runs = [.. compared.Select(run => run.Document)];
        string[] tasks = [.. runs.Select(run => TaskDescriptors.Of(run.Task).Label).Distinct()];
        if (tasks.Length > 1)
        {
            yield return $"The runs are of different tasks ({string.Join(", ", tasks)}): their results are not comparable and not tested.";
        }

        (string Name, string Runs)[] metrics =
        [
            .. compared.Zip(rows).GroupBy(run => run.First.Metric.Name)
                .Select(same => (same.Key, string.Join(", ", same.Select(run => run.Second.Label)))),
        ];
        if (tasks.Length == 1 && metrics.Length > 1)
        {
            yield return $"The runs have different primary metrics ({string.Join("; ", metrics.Select(
                metric => $"{metric.Name}: {metric.Runs}"))}), which their datasets and generateSamples determine: they are not tested "
                + "against each other.";
        }

        List<string> unfinished = [.. rows.Where(row => row.State != RunState.Completed).Select(row => row.Label)];
        if (unfinished.Count > 0)
        {
            yield return $"Not completed: {string.Join(", ", unfinished)}. Their results are from their last evaluation so far, "
                + "and they are excluded from the tests.";
        }

        if (EarlyStops(runs, rows) is { } early)
        {
            yield return early;
        }

        IReadOnlySet<string> all = SpecFieldCatalog.Of(runs[0].Spec).Where(IsCondition);
        List<string> conditions = [.. differences.Select(difference => difference.Field).Where(all.Contains)];
        if (conditions.Count > 0)
        {
            yield return $"The runs differ in {string.Join(", ", conditions)}: differences in "
                + $"{string.Join(" and ", metrics.Select(metric => metric.Name))} may "
                + "be due to that and not to the method.";
        }

        IReadOnlyList<IGrouping<string, RunDocument>> methods = [.. runs.GroupBy(run => run.Spec.Method)];
        int fewestSeeds =
            methods.Min(method => method.Select(run => (run.Spec.Seed, run.Spec.OrderSeed, run.Spec.DataSeed)).Distinct().Count());
        if (methods.Count > 1 && fewestSeeds == 1)
        {
            yield return "1 seed per method: this compares checkpoints, not methods.";
        }

        foreach (string note in Repetitions(groups, rows.ToDictionary(row => row.RunId, row => row.Label)))
        {
            yield return note;
        }

        List<string> baseline =
            [.. rows.Where(row => row.Accuracy is { } accuracy && accuracy.Low <= row.MajorityBaseline).Select(row => row.Label)];
        if (baseline.Count > 0)
        {
            yield return "Not significantly better than always predicting the most frequent label (the majority baseline lies within the "
                + $"95% confidence interval of the accuracy, or above it): {string.Join(", ", baseline)}.";
        }

        if (runs.Any(run => BundledSample.IsUsedBy(run.Spec.Model, run.Spec.Dataset)))
        {
            yield return "The bundled sample is a toy: it shows how the tool works, but says nothing about the methods on real data.";
        }

        List<string> sources = [.. rows.Select(row => row.MemorySource).OfType<string>().Distinct()];
        if (sources.Count > 1)
        {
            yield return $"Peak memory was measured in different ways ({string.Join(", ", sources)}) and is not comparable.";
        }

        List<string> devices = [.. runs.Select(run => run.Attempts.LastOrDefault()?.Environment).OfType<RunEnvironment>()
            .Select(environment => environment.DeviceName ?? environment.Device).Distinct()];
        if (devices.Count > 1)
        {
            yield return $"The runs used different devices ({string.Join(", ", devices)}): times and memory are not comparable.";
        }

        if (BesidePredictions(rows) is { } beside)
        {
            yield return beside;
        }
    }

    private static string? EarlyStops(IReadOnlyList<RunDocument> runs, IReadOnlyList<CompareRow> rows)
    {
        string[] stopped =
        [
            .. runs.Zip(rows).Where(run => run.First.EndReason == EndReason.EarlyStopped)
                .Select(run => $"{run.Second.Label} at step {NumberFormat.Count(run.First.Progress.Step)}"),
        ];
        return stopped.Length == 0 ? null
            : $"Stopped early ({string.Join(", ", stopped)}): such a run takes the number of steps that its own evaluations chose, on the "
                + "rows by which it is compared, which favors it; nothing is marked as best between runs with different numbers of steps.";
    }

    private static string? BesidePredictions(IReadOnlyList<CompareRow> rows)
    {
        List<string> beside = [.. rows.Where(row => row.Summary.PredictionsBeside is not null).Select(row => row.Label)];
        return beside.Count == 0 ? null
            : $"Predictions were computed beside {string.Join(", ", beside)}: their times are not comparable and are not ranked.";
    }

    /// <summary>
    /// Whether a field changes what is measured, as opposed to how well a method performs: the data, the form of the base, and what
    /// determines the steps without being a choice of the method or of when to evaluate.
    /// </summary>
    private static bool IsCondition(SpecFieldDescriptor field) => !field.Has(SpecRoles.Seed)
        && (field.Has(SpecRoles.Data | SpecRoles.Base)
            || (field.Has(SpecRoles.Steps) && !field.Has(SpecRoles.Method | SpecRoles.Evaluation)));

    /// <summary>Notes on runs that do not contribute a result of their own.</summary>
    private static IEnumerable<string> Repetitions(IReadOnlyList<SeedGroup> groups, Dictionary<string, string> labels)
    {
        foreach (SeedGroup group in groups)
        {
            foreach (IGrouping<string, ComparedRun> same in group.Runs.Where(run => run.Fingerprint?.Adapter.FinalSha256 is not null)
                .GroupBy(run => run.Fingerprint!.Adapter.FinalSha256!).Where(same => same.Count() > 1))
            {
                string reason = same.Select(run => run.Seed).Distinct().Count() > 1 ? "; the seed had no effect" : "";
                yield return $"{string.Join(", ", same.Select(run => labels[run.Id]))} ended with identical "
                    + $"weights and count as one result{reason}.";
            }

            foreach (SeedResult seed in group.Group.Seeds.Where(seed => seed.Runs.Count > 1))
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{group.Group.Label} has {seed.Runs.Count} results for seed {seed.Seed}: their mean counts as one result.");
            }
        }
    }
}
