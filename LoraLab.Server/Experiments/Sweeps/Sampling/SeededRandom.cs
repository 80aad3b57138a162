namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>
/// SplitMix64: numbers that depend on the seed and the stream only, on every machine and in every version of the runtime.
/// Source: G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
/// </summary>
/// <param name="seed">The seed.</param>
/// <param name="stream">Number of the seed's sequence.</param>
internal sealed class SeededRandom(long seed, long stream)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private ulong _state = Mix((ulong)seed) ^ Mix(unchecked(((ulong)stream + 1) * Golden));

    /// <summary>Uniform in [0, 1).</summary>
    public double Next() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform over 0 … count − 1.</summary>
    public int Next(int count) => (int)Math.Min(count - 1, Next() * count);

    /// <summary>Standard normal, by the Box–Muller transform.</summary>
    public double NextNormal() => Math.Sqrt(-2 * Math.Log(1 - Next())) * Math.Cos(2 * Math.PI * Next());

    private ulong NextBits() => Mix(unchecked(_state += Golden));

    private static ulong Mix(ulong bits)
    {
        unchecked
        {
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            return bits ^ (bits >> 31);
        }
    }
}
