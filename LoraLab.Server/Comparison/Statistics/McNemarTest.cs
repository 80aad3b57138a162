namespace LoraLab.Server.Comparison.Statistics;

/// <summary>
/// Exact two-sided McNemar test of two classifiers on the same rows. Of the b + c rows on which exactly one is right, b go to
/// the first; if both were equally good, X ~ Bin(b + c, ½) would. p = min(1, 2·P(X ≤ min(b, c))), and 1 where b + c = 0.
/// Sources: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
/// Psychometrika 12 (1947), 153–157; the exact form is the sign test on the discordant rows.
/// </summary>
internal static class McNemarTest
{
    /// <summary>Below the normal numbers a weight loses its digits, and at last shrinks no more: the sum would go on for a thousand million terms.</summary>
    private const double Least = 2.2250738585072014e-308;

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
    /// P(X ≤ k) for X ~ Bin(m, ½) and k &lt; m/2. Each weight is the neighbour's times C(m, i−1)/C(m, i) = i/(m−i+1), from 1 at the
    /// mode down: nothing overflows, no logarithms of factorials cancel, and the sum stops where terms no longer count.
    /// </summary>
    private static double LowerTail(int k, long m)
    {
        long middle = m / 2;
        double weight = 1;
        double below = 0;
        double tail = 0;
        for (long i = middle; i >= 0 && weight >= Least; i--)
        {
            below += weight;
            if (i <= k)
            {
                tail += weight;
            }

            weight *= i / (double)(m - i + 1);
        }

        // The distribution is symmetric: the upper half weighs what the lower one does, an even m has its middle only once.
        return tail / ((2 * below) - (m % 2 == 0 ? 1 : 0));
    }
}
