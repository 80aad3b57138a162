using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>
/// How much times and peak memory vary between runs of the same settings: a smaller difference between methods says nothing. The largest
/// spread of all repeated runs counts; one that happens to be nothing is raised to what a clock and a sampler can tell apart.
/// </summary>
internal static class MeasuredMargins
{
    private const double LeastTime = 0.01;
    private const double LeastMemory = 0.001;

    public static CompareMargins Of(IReadOnlyList<SeedGroup> groups)
    {
        List<SeedGroup> repeated = [.. groups.Where(group => group.Runs.Count > 1)];
        double? time = Spread(repeated, summary => summary.TrainSeconds);
        double? memory = Spread(repeated, summary => summary.PeakMemoryMb);
        CompareMargins margins = new()
        {
            Time = time is double measured ? Math.Max(measured, LeastTime) : CompareMargins.AssumedTime,
            Memory = memory is double known ? Math.Max(known, LeastMemory) : CompareMargins.AssumedMemory,
            Repetitions = time is null && memory is null ? 0 : repeated.Sum(group => group.Runs.Count),
        };
        return margins with { Text = Text(margins) };
    }

    private static string Text(CompareMargins margins) =>
        $"times by more than {NumberFormat.Share(margins.Time)} and memory by more than {NumberFormat.Share(margins.Memory)}, "
            + (margins.Repetitions == 0 ? "which is assumed, as no run repeats another"
                : $"the largest spread over the seeds of {NumberFormat.Count(margins.Repetitions, "repeated run")}");

    /// <summary>The largest of the groups' ranges, each as a share of its highest value; null: no group has two values.</summary>
    private static double? Spread(IEnumerable<SeedGroup> groups, Func<RunSummary, double?> read)
    {
        List<double[]> values = [.. groups.Select(group => group.Runs.Select(run => read(run.Document.Summary)).OfType<double>().ToArray())
            .Where(values => values.Length > 1 && values.Max() > 0)];
        return values.Count == 0 ? null : values.Max(values => (values.Max() - values.Min()) / values.Max());
    }
}
