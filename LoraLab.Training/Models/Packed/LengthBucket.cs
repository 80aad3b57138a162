namespace LoraLab.Training.Models.Packed;

/// <summary>Neighbouring sequences that attention pads to one length.</summary>
/// <param name="Sequences">S: how many they are.</param>
/// <param name="Length">L: tokens of the longest.</param>
public sealed record LengthBucket(int Sequences, int Length)
{
    /// <summary>Cuts a list of lengths into bands, where one is more than so many times its band's first.</summary>
    public static IReadOnlyList<LengthBucket> Of(IReadOnlyList<int> lengths, double spread)
    {
        List<LengthBucket> bands = [];
        int first = 0;
        foreach (int length in lengths)
        {
            if (bands.Count == 0 || length > first * spread)
            {
                bands.Add(new(0, length));
                first = length;
            }

            bands[^1] = new(bands[^1].Sequences + 1, Math.Max(bands[^1].Length, length));
        }

        return bands;
    }
}
