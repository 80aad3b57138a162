namespace LoraLab.Web.Charts;

/// <summary>
/// Thins a long curve for drawing. Depends on nothing but the points in the window: the same points always give the same
/// picture. Every bucket keeps its first, last, lowest and highest point, and a gap stays a gap.
/// </summary>
internal static class Decimation
{
    private const int KeptPerBucket = 4;

    /// <summary>Indices to draw, ascending; all of them where they fit.</summary>
    internal static IReadOnlyList<int> Pick(IReadOnlyList<double?> y, int from, int to, int most)
    {
        int count = to - from;
        if (count <= most)
        {
            return [.. Enumerable.Range(from, Math.Max(count, 0))];
        }

        int buckets = Math.Max(most / KeptPerBucket, 1);
        List<int> kept = new(most);
        for (int bucket = 0; bucket < buckets; bucket++)
        {
            int start = from + (int)((long)count * bucket / buckets);
            int end = from + (int)((long)count * (bucket + 1) / buckets);
            Keep(y, start, end, kept);
        }

        return kept;
    }

    private static void Keep(IReadOnlyList<double?> y, int start, int end, List<int> kept)
    {
        int lowest = start;
        int highest = start;
        int gap = -1;
        for (int i = start; i < end; i++)
        {
            if (y[i] is not double value)
            {
                gap = gap < 0 ? i : gap;
                continue;
            }

            lowest = y[lowest] is double low && low <= value ? lowest : i;
            highest = y[highest] is double high && high >= value ? highest : i;
        }

        // A handful of indices: in order, each once.
        Span<int> chosen = [start, lowest, highest, gap < 0 ? start : gap, end - 1];
        chosen.Sort();
        foreach (int index in chosen)
        {
            if (kept.Count == 0 || kept[^1] < index)
            {
                kept.Add(index);
            }
        }
    }
}
