using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Server.Experiments.Sweeps.Analysis;

/// <summary>
/// How much a field matters: the share of the objective's variance between groups of the field's values. With k groups of n runs in all, between-group sum of squares SSB,
/// SSW within and SST in all, ε² = (SSB − (k − 1)·SSW/(n − k)) / SST, which is 0 on average where the field does nothing (SSB/SST is not: with few
/// runs chance alone makes it large). It is the first-order part of a field; what only several fields do together is in none of them.
/// Groups are the values themselves, or runs of like size in the order of the values where there are more than five. Beside it stands Spearman's rank correlation, which
/// says in which direction.
/// Source: T. L. Kelley, "An unbiased correlation ratio measure", PNAS 21 (1935), 554–559; C. Spearman, American Journal of Psychology 15 (1904), 72–101.
/// </summary>
internal static class FieldImportances
{
    public const int Needed = 10;

    private const int MostGroups = 5;

    /// <summary>The fields, the most important first.</summary>
    /// <param name="space">The space.</param>
    /// <param name="points">Points of finished runs.</param>
    /// <param name="values">The objective of each.</param>
    public static IReadOnlyList<FieldImportance> Of(SearchSpace space, IReadOnlyList<double[]> points, IReadOnlyList<double> values) =>
        [.. space.Dimensions.Select((dimension, i) => Of(dimension, [.. points.Select(point => point[i])], values)).OrderByDescending(field => field.Share)];

    private static FieldImportance Of(Dimension dimension, double[] coordinates, IReadOnlyList<double> values)
    {
        double?[] numbers = [.. coordinates.Select(dimension.Number)];
        bool ordered = numbers.All(number => number is not null);
        double[] along = ordered ? [.. numbers.Select(number => number!.Value)] : coordinates;
        int[] groups = Groups(along, ordered);
        int count = groups.Distinct().Count();
        return new FieldImportance(dimension.Field, Share(groups, count, values), ordered && count > 1 ? Correlation(along, values) : null, count);
    }

    /// <summary>Runs with the same value are never parted.</summary>
    private static int[] Groups(double[] along, bool ordered)
    {
        double[] distinct = [.. along.Distinct().Order()];
        if (distinct.Length <= MostGroups || !ordered)
        {
            return [.. along.Select(value => Array.BinarySearch(distinct, value))];
        }

        int wanted = Math.Clamp(along.Length / 4, 2, MostGroups);
        double[] sorted = [.. along.Order()];
        return [.. along.Select(value => (int)((long)Array.IndexOf(sorted, value) * wanted / sorted.Length))];
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

        double between = groups.Zip(values).GroupBy(pair => pair.First).Sum(group => group.Count() * Math.Pow(group.Average(pair => pair.Second) - mean, 2));
        return Math.Clamp((between - ((count - 1) * (total - between) / (n - count))) / total, 0, 1);
    }

    private static double? Correlation(double[] x, IReadOnlyList<double> y)
    {
        double[] first = Ranks(x);
        double[] second = Ranks([.. y]);
        double middle = (x.Length + 1) / 2.0;
        double product = first.Zip(second, (a, b) => (a - middle) * (b - middle)).Sum();
        double size = Math.Sqrt(first.Sum(a => (a - middle) * (a - middle)) * second.Sum(b => (b - middle) * (b - middle)));
        return size > 0 ? product / size : null;
    }

    /// <summary>Ranks from 1; equal values share the mean of theirs.</summary>
    private static double[] Ranks(double[] values) =>
        [.. values.Select(value => values.Count(other => other < value) + ((values.Count(other => other == value) + 1) / 2.0))];
}
