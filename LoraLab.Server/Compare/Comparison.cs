using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Compare;

/// <summary>Puts runs side by side, and says what keeps their figures from being comparable.</summary>
internal static class Comparison
{
    /// <summary>Fields that change what is measured, not how well a method does.</summary>
    private static readonly string[] Conditions =
        ["model", "dataset", "prompt", "stripSentence", "trainSamples", "dataSeed", "dataOffset", "evalSplit", "evalSamples", "epochs", "maxSteps", "effectiveBatch", "lossScope", "lossWeighting"];

    public static CompareDocument Of(IReadOnlyList<RunDocument> runs)
    {
        IReadOnlyList<SpecDifference> differences = SpecDifferences.Find(runs);
        return new CompareDocument
        {
            Rows = [.. runs.Select(Row)],
            Differences = differences,
            Notes = [.. Notes(runs, differences)],
        };
    }

    private static CompareRow Row(RunDocument run) => new()
    {
        RunId = run.Id,
        Name = run.Name,
        Method = run.Spec.Method,
        Color = run.Color,
        State = run.State,
        Summary = run.Summary,
        MemorySource = MemorySource(run),
    };

    private static IEnumerable<string> Notes(IReadOnlyList<RunDocument> runs, IReadOnlyList<SpecDifference> differences)
    {
        List<string> unfinished = [.. runs.Where(run => run.State != RunState.Completed).Select(run => run.Name)];
        if (unfinished.Count > 0)
        {
            yield return $"Not completed: {string.Join(", ", unfinished)}; their figures are those of their last evaluation so far.";
        }

        List<string> conditions = [.. differences.Select(difference => difference.Field).Where(Conditions.Contains)];
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

        if (runs.Any(run => run.Spec.Dataset == "sample" || run.Spec.Model == "sample"))
        {
            yield return "The bundled sample is a toy: it shows how the tool works and says nothing about the methods on real data.";
        }

        List<string> sources = [.. runs.Select(MemorySource).OfType<string>().Distinct()];
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

    private static string? MemorySource(RunDocument run) =>
        run.Attempts.LastOrDefault()?.Environment?.MemorySource is { Length: > 0 } source ? source : null;
}
