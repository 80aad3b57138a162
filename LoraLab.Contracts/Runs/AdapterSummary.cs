using System.Globalization;

namespace LoraLab.Contracts.Runs;

/// <summary>Short texts about the adapters of a specification.</summary>
public static class AdapterSummary
{
    /// <summary>The rank, or the smallest and the largest, for example <c>2-8</c>.</summary>
    public static string Ranks(RunSpec spec) => Range([spec.Rank, .. spec.RankPattern?.Values.Select(rank => (double)rank) ?? []]);

    /// <summary>The α, or the smallest and the largest.</summary>
    public static string Alphas(RunSpec spec) => Range([spec.Alpha, .. spec.AlphaPattern?.Values ?? []]);

    /// <summary>Layer numbers, neighbors as a range, for example <c>0-2,5</c>.</summary>
    public static string Layers(IEnumerable<int> layers)
    {
        List<(int First, int Last)> ranges = [];
        foreach (int layer in layers.Distinct().Order())
        {
            if (ranges.Count > 0 && ranges[^1].Last == layer - 1)
            {
                ranges[^1] = (ranges[^1].First, layer);
            }
            else
            {
                ranges.Add((layer, layer));
            }
        }

        return string.Join(",", ranges.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
    }

    private static string Range(IReadOnlyList<double> values)
    {
        (double least, double most) = (values.Min(), values.Max());
        return least == most
            ? least.ToString("R", CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{least:R}-{most:R}");
    }
}
