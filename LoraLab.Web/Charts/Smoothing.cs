namespace LoraLab.Web.Charts;

/// <summary>
/// A bias-corrected exponential moving average that takes spacing into account: a gap of k times the median spacing decays as much as k
/// points would, so that a weight means the same for every metric of a run and missing points do not distort the curve.
/// For display only: results and exports never use smoothed values.
/// </summary>
internal static class Smoothing
{
    private const int MaxSpacings = 64;

    /// <summary>Returns the average at each point; null at a non-finite point, which the average skips.</summary>
    internal static double?[] Average(IReadOnlyList<int> x, IReadOnlyList<double?> y, double weight)
    {
        double?[] smooth = new double?[y.Count];
        double spacing = MedianSpacing(x);
        double sum = 0;
        double weightSum = 0;
        int? last = null;
        for (int i = 0; i < y.Count; i++)
        {
            if (y[i] is not double value)
            {
                continue;
            }

            double decay = last is not int before ? 0
                : x[i] - before == spacing ? weight
                : Math.Pow(weight, Math.Max(x[i] - before, 0) / spacing);
            sum = (sum * decay) + ((1 - weight) * value);
            weightSum = (weightSum * decay) + (1 - weight);
            smooth[i] = sum / weightSum;
            last = x[i];
        }

        return smooth;
    }

    private static double MedianSpacing(IReadOnlyList<int> x)
    {
        // The first points suffice: a metric is recorded at regular steps, and the result must not change while the run continues.
        List<int> spacings = [];
        for (int i = 1; i < x.Count && spacings.Count < MaxSpacings; i++)
        {
            if (x[i] > x[i - 1])
            {
                spacings.Add(x[i] - x[i - 1]);
            }
        }

        spacings.Sort();
        return spacings.Count == 0 ? 1 : spacings[spacings.Count / 2];
    }
}
