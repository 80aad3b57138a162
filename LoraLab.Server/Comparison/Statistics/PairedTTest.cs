namespace LoraLab.Server.Comparison.Statistics;

/// <summary>
/// Two-sided t test on paired values: with the differences d = x − y, t = d̄ / (s_d/√n) has n − 1 degrees of freedom under the null
/// hypothesis of mean 0. Pairing removes the variance that a pair shares, here from the data order and initial values of the seed.
/// Source: Student, "The probable error of a mean", Biometrika 6 (1908), 1–25.
/// </summary>
internal static class PairedTTest
{
    /// <summary>The test; null if all differences are equal, so that there is no variance to test against.</summary>
    /// <exception cref="ArgumentException">Different numbers of values, or fewer than two.</exception>
    public static (double T, int DegreesOfFreedom, double P)? Of(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        IReadOnlyList<double> differences = Differences(first, second);
        if (SampleMoments.StandardDeviation(differences, Size(first, second)) is not (> 0 and double deviation))
        {
            return null;
        }

        double t = SampleMoments.Mean(differences) / (deviation / Math.Sqrt(differences.Count));
        return (t, differences.Count - 1, StudentT.TwoSidedP(t, differences.Count - 1));
    }

    /// <summary>first − second, pair by pair.</summary>
    /// <exception cref="ArgumentException">Different numbers of values.</exception>
    public static IReadOnlyList<double> Differences(IReadOnlyList<double> first, IReadOnlyList<double> second) =>
        first.Count == second.Count
            ? [.. first.Zip(second, (x, y) => x - y)]
            : throw new ArgumentException("Both sides of a paired test need the same number of values.", nameof(second));

    /// <summary>Largest absolute value on either side: the scale of the rounding errors of the differences.</summary>
    public static double Size(IReadOnlyList<double> first, IReadOnlyList<double> second) => first.Concat(second).Max(Math.Abs);
}
