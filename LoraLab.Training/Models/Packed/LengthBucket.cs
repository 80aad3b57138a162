namespace LoraLab.Training.Models.Packed;

/// <summary>Neighboring sequences that attention pads to one length.</summary>
/// <param name="Sequences">S: number of sequences.</param>
/// <param name="Length">L: length of the longest, in tokens.</param>
public sealed record LengthBucket(int Sequences, int Length)
{
    /// <summary>
    /// Groups a list of lengths into buckets; a length above <paramref name="spread"/> times the first of its bucket starts a new one.
    /// </summary>
    public static IReadOnlyList<LengthBucket> Of(IReadOnlyList<int> lengths, double spread)
    {
        List<LengthBucket> buckets = [];
        int first = 0;
        foreach (int length in lengths)
        {
            if (buckets.Count == 0 || length > first * spread)
            {
                buckets.Add(new(0, length));
                first = length;
            }

            buckets[^1] = new(buckets[^1].Sequences + 1, Math.Max(buckets[^1].Length, length));
        }

        return buckets;
    }
}
