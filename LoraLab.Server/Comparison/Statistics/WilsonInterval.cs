using MathNet.Numerics.Distributions;

namespace LoraLab.Server.Comparison.Statistics;

/// <summary>
/// Wilson's score interval of a proportion k/n: all p for which |k/n − p| ≤ z·√(p(1 − p)/n). With p̂ = k/n and z the normal quantile of
/// 1 − α/2 its bounds are (p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n). Unlike p̂ ± z·SE it stays within [0, 1] and has a
/// width at k = 0 and k = n.
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209–212.
/// </summary>
internal static class WilsonInterval
{
    /// <summary>The interval with the confidence level <paramref name="level"/>, within (0, 1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// Not 0 ≤ <paramref name="correct"/> ≤ <paramref name="rows"/>, no rows, or an invalid level.
    /// </exception>
    public static (double Low, double High) Of(int correct, int rows, double level = Confidence.Level)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(correct);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(correct, rows);
        double z = Normal.InvCDF(0, 1, Confidence.UpperTail(level));
        double n = rows;
        double share = correct / n;
        double center = share + (z * z / (2 * n));
        double half = z * Math.Sqrt((share * (1 - share) / n) + (z * z / (4 * n * n)));
        double scale = 1 + (z * z / n);
        // At k = 0 and k = n, center and half are equal up to rounding; the interval contains k/n there too.
        return (
            correct == 0 ? 0 : Math.Min((center - half) / scale, share),
            correct == rows ? 1 : Math.Max((center + half) / scale, share));
    }
}
