namespace LoraLab.Server.Comparison.Statistics;

/// <summary>
/// Confidence interval of a mean from a small sample: x̄ ± t·s/√n, with t the quantile of Student's t distribution with n − 1 degrees of
/// freedom.
/// Source: Student, "The probable error of a mean", Biometrika 6 (1908), 1–25.
/// </summary>
internal static class MeanInterval
{
    /// <summary>The interval; null with fewer than two values, and without variance.</summary>
    /// <exception cref="ArgumentException">No values.</exception>
    public static (double Low, double High)? Of(IReadOnlyList<double> values, double size = 0, double level = Confidence.Level)
    {
        double mean = SampleMoments.Mean(values);
        if (values.Count < 2 || SampleMoments.StandardDeviation(values, size) is not (> 0 and double deviation))
        {
            return null;
        }

        double half = StudentT.Quantile(Confidence.UpperTail(level), values.Count - 1) * deviation / Math.Sqrt(values.Count);
        return (mean - half, mean + half);
    }
}
