namespace LoraLab.Server.Comparison.Statistics;

/// <summary>Mean, middle and spread of a sample.</summary>
internal static class SampleMoments
{
    /// <summary>Rounding of the last places, as a share of the values' size.</summary>
    private const double Rounding = 1e-12;

    /// <summary>x̄ = Σx / n.</summary>
    /// <exception cref="ArgumentException">No values.</exception>
    public static double Mean(IReadOnlyList<double> values) =>
        values.Count > 0 ? values.Sum() / values.Count : throw new ArgumentException("A mean needs a value.", nameof(values));

    /// <summary>The value in the middle; of an even number of values the mean of the two there.</summary>
    /// <exception cref="ArgumentException">No values.</exception>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length > 0
            ? (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2
            : throw new ArgumentException("A median needs a value.", nameof(values));
    }

    /// <summary>
    /// Sample standard deviation s = √(Σ(x − x̄)² / (n − 1)), in two passes. Exactly 0 where the values differ by rounding only:
    /// differences of equal accuracies are not always the same to the last bit.
    /// </summary>
    /// <param name="values">At least two values.</param>
    /// <param name="size">Largest absolute value of what the values were computed from; 0: of the values themselves.</param>
    /// <exception cref="ArgumentException">Fewer than two values.</exception>
    public static double StandardDeviation(IReadOnlyList<double> values, double size = 0)
    {
        if (values.Count < 2)
        {
            throw new ArgumentException("A standard deviation needs two values.", nameof(values));
        }

        double mean = Mean(values);
        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return deviation <= Rounding * Math.Max(size, values.Max(Math.Abs)) ? 0 : deviation;
    }
}
