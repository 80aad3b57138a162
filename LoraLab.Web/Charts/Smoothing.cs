namespace LoraLab.Web.Charts;

/// <summary>
/// Debiased exponential moving average that weighs by distance: a gap of k usual steps forgets as much as k points would, so the
/// same weight means the same for every metric of a run and points that are missing do not bend the curve.
/// Only for looking: results and exports never use smoothed values.
/// </summary>
internal static class Smoothing
{
    private const int MostDistances = 64;

    /// <summary>The average at each point; null where the point itself is not finite, which the average then skips.</summary>
    internal static double?[] Average(IReadOnlyList<int> x, IReadOnlyList<double?> y, double weight)
    {
        double?[] smooth = new double?[y.Count];
        double usual = UsualDistance(x);
        double sum = 0;
        double mass = 0;
        int? last = null;
        for (int i = 0; i < y.Count; i++)
        {
            if (y[i] is not double value)
            {
                continue;
            }

            double keep = last is not int before ? 0 : x[i] - before == usual ? weight : Math.Pow(weight, Math.Max(x[i] - before, 0) / usual);
            sum = (sum * keep) + ((1 - weight) * value);
            mass = (mass * keep) + (1 - weight);
            smooth[i] = sum / mass;
            last = x[i];
        }

        return smooth;
    }

    private static double UsualDistance(IReadOnlyList<int> x)
    {
        // The first ones tell: a metric is recorded at a steady pace, and the result must not change while the run goes on.
        List<int> distances = [];
        for (int i = 1; i < x.Count && distances.Count < MostDistances; i++)
        {
            if (x[i] > x[i - 1])
            {
                distances.Add(x[i] - x[i - 1]);
            }
        }

        distances.Sort();
        return distances.Count == 0 ? 1 : distances[distances.Count / 2];
    }
}
