namespace LoraLab.SampleMaker.Text;

/// <summary>
/// SplitMix64, the sample's only source of randomness, so that a seed gives the same bytes on every system and .NET version.
/// </summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Creates a separate stream for a purpose, so that a change to one part does not affect the others.</summary>
    public static SeededRandom For(ulong seed, string purpose)
    {
        ulong hash = 14695981039346656037UL;
        foreach (char letter in purpose)
        {
            hash = unchecked((hash ^ letter) * 1099511628211UL);
        }

        return new SeededRandom(seed ^ hash);
    }

    public ulong NextBits()
    {
        unchecked
        {
            _state += 0x9E3779B97F4A7C15UL;
            ulong mixed = _state;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9UL;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
            return mixed ^ (mixed >> 31);
        }
    }

    /// <summary>Returns a uniform value in [0, 1).</summary>
    public double NextUnit() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Returns a uniform value in [0, count); the bias of the multiplication is below 2^-50 for the counts used here.</summary>
    public int NextIndex(int count) => (int)(NextUnit() * count);

    public bool Chance(double probability) => NextUnit() < probability;

    public T Pick<T>(IReadOnlyList<T> items) => items[NextIndex(items.Count)];

    /// <summary>Shuffles in place (Fisher-Yates).</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (int last = items.Count - 1; last > 0; last--)
        {
            int other = NextIndex(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }
}
