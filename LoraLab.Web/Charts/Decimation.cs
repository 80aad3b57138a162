namespace LoraLab.Web.Charts;

/// <summary>
/// Decimates a long curve for drawing. Deterministic: the result depends on the points in the window alone. Every bucket keeps
/// its first, last, lowest and highest point, and gaps are preserved.
/// </summary>
internal static class Decimation
{
    private const int KeptPerBucket = 4;

    /// <summary>Returns the indices to draw, ascending; all of them if they fit.</summary>
    internal static IReadOnlyList<int> Pick(IReadOnlyList<double?> y, int from, int to, int maxPoints)
    {
        int count = to - from;
        if (count <= maxPoints)
        {
            return [.. Enumerable.Range(from, Math.Max(count, 0))];
        }

        int buckets = Math.Max(maxPoints / KeptPerBucket, 1);
        List<int> kept = new(maxPoints);
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

        // At most five indices, in order and without duplicates.
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
