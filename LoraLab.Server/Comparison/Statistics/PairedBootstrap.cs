namespace LoraLab.Server.Comparison.Statistics;

/// <summary>
/// Paired bootstrap of a difference of two metrics over the same rows, such as two losses per token (P. Koehn, Statistical
/// significance tests for machine translation evaluation, EMNLP 2004; B. Efron and R. Tibshirani, An introduction to the bootstrap, 1993,
/// chapters 13 and 16). Rows are drawn with replacement, as many as there are, 10,000 times; both runs are measured on the same draw.
/// The interval lies between the 2.5% and the 97.5% quantile; p is twice the share of draws on the rarer side of no difference, with one
/// draw added to both counts, so that it is never 0. The seed is fixed, so that the result depends on the rows only.
/// </summary>
internal static class PairedBootstrap
{
    public const int Resamples = 10_000;
    private const long Seed = 20_261_129;
    private const double Tail = 0.025;

    /// <summary>The ratio of sums of each series in every draw.</summary>
    /// <param name="series">Per series, a numerator per row.</param>
    /// <param name="weights">The denominator of each row, the same for all series.</param>
    public static double[][] Draw(IReadOnlyList<double[]> series, double[] weights) =>
        Draw([.. series.Select(values => Ratio(values, weights))], weights.Length);

    /// <summary>A metric that is a ratio of sums over rows; 0 where the denominator is.</summary>
    /// <param name="values">The numerator of each row.</param>
    /// <param name="weights">The denominator of each row.</param>
    public static Func<int[], double> Ratio(double[] values, double[] weights) =>
        times => Sum(weights, times) is not 0 and double weight ? Sum(values, times) / weight : 0;

    /// <summary>Each metric in every draw.</summary>
    /// <param name="metrics">The metrics, computed from how often each row is drawn.</param>
    /// <param name="rows">Number of rows.</param>
    public static double[][] Draw(IReadOnlyList<Func<int[], double>> metrics, int rows)
    {
        double[][] draws = [.. metrics.Select(_ => new double[Resamples])];
        int[] times = new int[rows];
        ulong state = Seed;
        for (int draw = 0; draw < Resamples; draw++)
        {
            Array.Clear(times);
            for (int i = 0; i < rows; i++)
            {
                times[(int)Math.BigMul(Next(ref state), (ulong)rows, out _)]++;
            }

            for (int i = 0; i < draws.Length; i++)
            {
                draws[i][draw] = metrics[i](times);
            }
        }

        return draws;
    }

    /// <summary>The 95% interval and the two-sided p-value of the difference of two series, first minus second.</summary>
    public static (double Low, double High, double P) Compare(double[] first, double[] second)
    {
        double[] differences = [.. first.Zip(second, (a, b) => a - b).Order()];
        int below = differences.Count(difference => difference <= 0);
        int above = differences.Count(difference => difference >= 0);
        double p = Math.Min(1, 2.0 * (1 + Math.Min(below, above)) / (1 + differences.Length));
        return (Quantile(differences, Tail), Quantile(differences, 1 - Tail), p);
    }

    private static double Sum(double[] values, int[] times)
    {
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sum += values[i] * times[i];
        }

        return sum;
    }

    /// <summary>Linear interpolation between order statistics, as NumPy's default.</summary>
    private static double Quantile(double[] sorted, double share)
    {
        double position = share * (sorted.Length - 1);
        int lower = (int)position;
        int upper = Math.Min(lower + 1, sorted.Length - 1);
        return sorted[lower] + ((sorted[upper] - sorted[lower]) * (position - lower));
    }

    /// <summary>SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).</summary>
    private static ulong Next(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
