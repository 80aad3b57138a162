namespace LoraLab.Server.Comparison.Statistics;

/// <summary>
/// Exact two-sided McNemar test of two classifiers on the same rows. Of the b + c discordant rows, on which exactly one is right, the
/// first is right on b; under the null hypothesis of equal accuracy, b is distributed as X ~ Bin(b + c, ½).
/// p = min(1, 2·P(X ≤ min(b, c))), and 1 if b + c = 0.
/// Sources: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
/// Psychometrika 12 (1947), 153–157; the exact form is the sign test on the discordant rows.
/// </summary>
internal static class McNemarTest
{
    /// <summary>
    /// The smallest normal number: a subnormal weight loses digits and finally stops shrinking, so that the sum would take 10⁹ terms.
    /// </summary>
    private const double MinWeight = 2.2250738585072014e-308;

    /// <summary>The p-value.</summary>
    /// <param name="b">Rows that only the first got right.</param>
    /// <param name="c">Rows that only the second got right.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    public static double PValue(int b, int c)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(b);
        ArgumentOutOfRangeException.ThrowIfNegative(c);
        return b == c ? 1 : Math.Min(1, 2 * LowerTail(Math.Min(b, c), (long)b + c));
    }

    /// <summary>
    /// P(X ≤ k) for X ~ Bin(m, ½) and k &lt; m/2. Starting from 1 at the mode, each weight is its neighbor's times
    /// C(m, i−1)/C(m, i) = i/(m−i+1): nothing overflows, no log-factorials cancel, and the sum stops when terms are negligible.
    /// </summary>
    private static double LowerTail(int k, long m)
    {
        long middle = m / 2;
        double weight = 1;
        double below = 0;
        double tail = 0;
        for (long i = middle; i >= 0 && weight >= MinWeight; i--)
        {
            below += weight;
            if (i <= k)
            {
                tail += weight;
            }

            weight *= i / (double)(m - i + 1);
        }

        // The distribution is symmetric: both halves have the same weight, and an even m has its midpoint only once.
        return tail / ((2 * below) - (m % 2 == 0 ? 1 : 0));
    }
}
