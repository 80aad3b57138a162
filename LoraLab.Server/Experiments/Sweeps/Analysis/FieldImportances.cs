using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Server.Experiments.Sweeps.Analysis;

/// <summary>
/// Hyper-parameter importance: the share of the objective's variance between groups of a field's values. With k groups of n runs in total,
/// between-group sum of squares SSB, within-group SSW and total SST, ε² = (SSB − (k − 1)·SSW/(n − k)) / SST. Its expectation is 0 for a
/// field without effect, unlike that of SSB/SST, which is large by chance with few runs. It is the first-order effect: interactions are
/// not included. The groups are the distinct values, or about equally large quantile groups if there are more than five values.
/// Spearman's rank correlation adds the direction.
/// Source: T. L. Kelley, "An unbiased correlation ratio measure", PNAS 21 (1935), 554–559; C. Spearman, American Journal of Psychology 15
/// (1904), 72–101.
/// </summary>
internal static class FieldImportances
{
    public const int Needed = 10;

    private const int MaxGroups = 5;

    /// <summary>The fields, the most important first.</summary>
    /// <param name="space">The search space.</param>
    /// <param name="points">Points of completed runs.</param>
    /// <param name="values">The objective of each.</param>
    public static IReadOnlyList<FieldImportance> Of(SearchSpace space, IReadOnlyList<double[]> points, IReadOnlyList<double> values) =>
        [.. space.Dimensions.Select((dimension, i) => Of(dimension, [.. points.Select(point => point[i])], values))
            .OrderByDescending(field => field.Share)];

    private static FieldImportance Of(Dimension dimension, double[] coordinates, IReadOnlyList<double> values)
    {
        double?[] numbers = [.. coordinates.Select(dimension.Number)];
        bool ordered = numbers.All(number => number is not null);
        double[] x = ordered ? [.. numbers.Select(number => number!.Value)] : coordinates;
        int[] groups = Groups(x, ordered);
        int count = groups.Distinct().Count();
        return new FieldImportance(
            dimension.Field, Share(groups, count, values), ordered && count > 1 ? Correlation(x, values) : null, count);
    }

    /// <summary>The group of each run; runs with the same value share a group.</summary>
    private static int[] Groups(double[] x, bool ordered)
    {
        double[] distinct = [.. x.Distinct().Order()];
        if (distinct.Length <= MaxGroups || !ordered)
        {
            return [.. x.Select(value => Array.BinarySearch(distinct, value))];
        }

        int count = Math.Clamp(x.Length / 4, 2, MaxGroups);
        double[] sorted = [.. x.Order()];
        return [.. x.Select(value => (int)((long)Array.IndexOf(sorted, value) * count / sorted.Length))];
    }

    private static double Share(int[] groups, int count, IReadOnlyList<double> values)
    {
        int n = values.Count;
        double mean = values.Average();
        double total = values.Sum(value => (value - mean) * (value - mean));
        if (count < 2 || n <= count || total <= 1e-18 * n)
        {
            return 0;
        }

        double between = groups.Zip(values)
            .GroupBy(pair => pair.First)
            .Sum(group => group.Count() * Math.Pow(group.Average(pair => pair.Second) - mean, 2));
        return Math.Clamp((between - ((count - 1) * (total - between) / (n - count))) / total, 0, 1);
    }

    private static double? Correlation(double[] x, IReadOnlyList<double> y)
    {
        double[] first = Ranks(x);
        double[] second = Ranks([.. y]);
        double middle = (x.Length + 1) / 2.0;
        double product = first.Zip(second, (a, b) => (a - middle) * (b - middle)).Sum();
        double scale = Math.Sqrt(first.Sum(a => (a - middle) * (a - middle)) * second.Sum(b => (b - middle) * (b - middle)));
        return scale > 0 ? product / scale : null;
    }

    /// <summary>Ranks from 1; ties share their mean rank.</summary>
    private static double[] Ranks(double[] values) =>
        [.. values.Select(value => values.Count(other => other < value) + ((values.Count(other => other == value) + 1) / 2.0))];
}
