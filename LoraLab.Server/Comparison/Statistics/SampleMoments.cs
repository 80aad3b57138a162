namespace LoraLab.Server.Comparison.Statistics;

/// <summary>Mean, median and standard deviation of a sample.</summary>
internal static class SampleMoments
{
    /// <summary>Relative rounding error.</summary>
    private const double Rounding = 1e-12;

    /// <summary>x̄ = Σx / n.</summary>
    /// <exception cref="ArgumentException">No values.</exception>
    public static double Mean(IReadOnlyList<double> values) =>
        values.Count > 0 ? values.Sum() / values.Count : throw new ArgumentException("A mean requires at least one value.", nameof(values));

    /// <summary>The median; of an even number of values, the mean of the middle two.</summary>
    /// <exception cref="ArgumentException">No values.</exception>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length > 0
            ? (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2
            : throw new ArgumentException("A median requires at least one value.", nameof(values));
    }

    /// <summary>
    /// Sample standard deviation s = √(Σ(x − x̄)² / (n − 1)), in two passes. Exactly 0 if the values differ by rounding only: differences
    /// of equal accuracies are not always bitwise equal.
    /// </summary>
    /// <param name="values">At least two values.</param>
    /// <param name="size">Largest absolute value of the inputs of the values; 0: of the values themselves.</param>
    /// <exception cref="ArgumentException">Fewer than two values.</exception>
    public static double StandardDeviation(IReadOnlyList<double> values, double size = 0)
    {
        if (values.Count < 2)
        {
            throw new ArgumentException("A standard deviation requires at least two values.", nameof(values));
        }

        double mean = Mean(values);
        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return deviation <= Rounding * Math.Max(size, values.Max(Math.Abs)) ? 0 : deviation;
    }
}
