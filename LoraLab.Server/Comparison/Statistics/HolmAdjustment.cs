namespace LoraLab.Server.Comparison.Statistics;

/// <summary>
/// Holm's step-down adjustment, which bounds the family-wise error rate of m tests by α under any dependence.
/// With p₍₁₎ ≤ … ≤ p₍ₘ₎ the adjusted values are p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1)·p₍ⱼ₎).
/// Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979), 65–70.
/// </summary>
internal static class HolmAdjustment
{
    /// <summary>The adjusted p-values, in the order of <paramref name="pValues"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is not within [0, 1].</exception>
    public static IReadOnlyList<double> Adjust(IReadOnlyList<double> pValues)
    {
        double[] adjusted = new double[pValues.Count];
        double highest = 0;
        int left = pValues.Count;
        foreach ((int index, double p) in pValues.Index().OrderBy(test => test.Item))
        {
            if (p is not (>= 0 and <= 1))
            {
                throw new ArgumentOutOfRangeException(nameof(pValues), p, "A p-value lies between 0 and 1.");
            }

            highest = Math.Max(highest, Math.Min(1, left-- * p));
            adjusted[index] = highest;
        }

        return adjusted;
    }
}
