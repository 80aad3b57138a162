using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>What keeps the figures of runs from being comparable, and what a reader would otherwise overlook.</summary>
internal static class CompareNotes
{
    /// <summary>Fields that change what is measured, not how well a method does.</summary>
    private static readonly string[] s_conditions =
        ["model", "dataset", "prompt", "stripSentence", "trainSamples", "dataSeed", "dataOffset", "evalSplit", "evalSamples", "epochs", "maxSteps", "effectiveBatch", "lossScope", "lossWeighting"];

    public static IEnumerable<string> Of(IReadOnlyList<ComparedRun> compared, IReadOnlyList<CompareRow> rows, IReadOnlyList<SpecDifference> differences, IReadOnlyList<SeedGroup> groups)
    {
        IReadOnlyList<RunDocument> runs = [.. compared.Select(run => run.Document)];
        List<string> unfinished = [.. runs.Where(run => run.State != RunState.Completed).Select(run => run.Name)];
        if (unfinished.Count > 0)
        {
            yield return $"Not completed: {string.Join(", ", unfinished)}; their figures are those of their last evaluation so far, and they take no part in tests.";
        }

        List<string> conditions = [.. differences.Select(difference => difference.Field).Where(s_conditions.Contains)];
        if (conditions.Count > 0)
        {
            yield return $"The runs do not share {string.Join(", ", conditions)}: differences in accuracy may come from there and not from the method.";
        }

        IReadOnlyList<IGrouping<string, RunDocument>> methods = [.. runs.GroupBy(run => run.Spec.Method)];
        int fewestSeeds = methods.Min(method => method.Select(run => (run.Spec.Seed, run.Spec.OrderSeed, run.Spec.DataSeed)).Distinct().Count());
        if (methods.Count > 1 && fewestSeeds == 1)
        {
            yield return "1 seed a method: this compares checkpoints, not methods.";
        }

        foreach (string repeated in Repeated(groups))
        {
            yield return repeated;
        }

        List<string> baseline = [.. rows.Where(row => row.Accuracy is { } accuracy && accuracy.Low <= row.MajorityBaseline).Select(row => row.Name)];
        if (baseline.Count > 0)
        {
            yield return $"Not told apart from always answering the most frequent label (it lies within the interval, or the run is below it): {string.Join(", ", baseline)}.";
        }

        if (runs.Any(run => run.Spec.Dataset == "sample" || run.Spec.Model == "sample"))
        {
            yield return "The bundled sample is a toy: it shows how the tool works and says nothing about the methods on real data.";
        }

        List<string> sources = [.. rows.Select(row => row.MemorySource).OfType<string>().Distinct()];
        if (sources.Count > 1)
        {
            yield return $"Peak memory was measured in different ways ({string.Join(", ", sources)}).";
        }

        List<string> devices = [.. runs.Select(run => run.Attempts.LastOrDefault()?.Environment).OfType<RunEnvironment>().Select(environment => environment.DeviceName ?? environment.Device).Distinct()];
        if (devices.Count > 1)
        {
            yield return $"The runs were executed on different devices ({string.Join(", ", devices)}): times and memory cannot be compared.";
        }
    }

    /// <summary>Runs that did not add a result of their own.</summary>
    private static IEnumerable<string> Repeated(IReadOnlyList<SeedGroup> groups)
    {
        foreach (SeedGroup group in groups)
        {
            foreach (IGrouping<string, ComparedRun> same in group.Runs.Where(run => run.Fingerprint?.Adapter.FinalSha256 is not null).GroupBy(run => run.Fingerprint!.Adapter.FinalSha256!).Where(same => same.Count() > 1))
            {
                string why = same.Select(run => run.Seed).Distinct().Count() > 1 ? "; the seed changed nothing" : "";
                yield return $"{string.Join(", ", same.Select(run => run.Document.Name))} ended with the same weights and count once{why}.";
            }

            foreach (SeedResult seed in group.Group.Seeds.Where(seed => seed.Runs.Count > 1))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{group.Group.Label} has {seed.Runs.Count} results of seed {seed.Seed}: their mean counts as one.");
            }
        }
    }
}
