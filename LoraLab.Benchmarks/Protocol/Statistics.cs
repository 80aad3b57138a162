namespace LoraLab.Benchmarks.Protocol;

/// <summary>Medians and ranges.</summary>
internal static class Statistics
{
    /// <summary>The median; for an even number of values, the mean of the middle two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>Median and range over repeats.</summary>
/// <param name="Median">Median.</param>
/// <param name="Min">Smallest.</param>
/// <param name="Max">Largest.</param>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>Largest minus smallest.</summary>
    public double Width => Max - Min;

    /// <summary>Computes the spread of at least one value.</summary>
    public static Spread From(IReadOnlyCollection<double> values) => new(Statistics.Median(values), values.Min(), values.Max());
}
