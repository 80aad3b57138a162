namespace LoraLab.Training.Data;

/// <summary>
/// The part of NumPy's <c>default_rng</c> that selects and orders data: PCG64 (XSL-RR 128/64) seeded through SeedSequence,
/// and <c>permutation</c>. Results are identical to NumPy's, so that a subset can be reproduced outside LoraLab.
/// </summary>
public static class NumpyRandom
{
    /// <summary><c>numpy.random.default_rng(seed).permutation(count)</c>.</summary>
    /// <param name="seed">Seed, at least 0 (NumPy rejects negative seeds); may exceed 32 bits.</param>
    /// <param name="count">Number of elements, at least 0.</param>
    /// <returns>The numbers 0 to <paramref name="count"/> - 1, shuffled.</returns>
    public static int[] Permutation(long seed, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(seed);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int[] items = new int[count];
        for (int i = 0; i < count; i++)
        {
            items[i] = i;
        }

        Pcg64 generator = Pcg64.FromSeed((ulong)seed);
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)generator.NextUpTo((uint)i);
            (items[i], items[j]) = (items[j], items[i]);
        }

        return items;
    }

    private struct Pcg64
    {
        private static readonly UInt128 _multiplier = new(2549297995355413924UL, 4865540595714422341UL);

        private readonly UInt128 _increment;
        private UInt128 _state;
        private uint _buffered;
        private bool _hasBuffered;

        private Pcg64(UInt128 initialState, UInt128 sequence)
        {
            _increment = (sequence << 1) | 1;
            Step();
            _state += initialState;
            Step();
        }

        public static Pcg64 FromSeed(ulong seed)
        {
            ulong[] words = SeedSequence.Generate(seed);
            return new Pcg64(new UInt128(words[0], words[1]), new UInt128(words[2], words[3]));
        }

        /// <summary>Draws uniformly from [0, max] by masked rejection of 32-bit draws, as NumPy's shuffle does.</summary>
        public uint NextUpTo(uint max)
        {
            uint mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(max);
            uint value;
            do
            {
                value = Next32() & mask;
            }
            while (value > max);
            return value;
        }

        private uint Next32()
        {
            if (_hasBuffered)
            {
                _hasBuffered = false;
                return _buffered;
            }

            ulong both = Next64();
            _buffered = (uint)(both >> 32);
            _hasBuffered = true;
            return (uint)both;
        }

        private ulong Next64()
        {
            Step();
            ulong folded = (ulong)(_state >> 64) ^ (ulong)_state;
            return ulong.RotateRight(folded, (int)(_state >> 122));
        }

        private void Step() => _state = (_state * _multiplier) + _increment;
    }

    /// <summary>NumPy's SeedSequence for one integer, which spreads its bits over a pool of four 32-bit words.</summary>
    private static class SeedSequence
    {
        private const int PoolSize = 4;

        public static ulong[] Generate(ulong seed)
        {
            uint[] pool = Fill([(uint)seed, (uint)(seed >> 32), 0, 0]);
            uint constant = 0x8b51f9dd;
            uint[] halves = new uint[8];
            for (int i = 0; i < halves.Length; i++)
            {
                halves[i] = Hash(pool[i % PoolSize], ref constant, 0x58f38ded);
            }

            ulong[] words = new ulong[4];
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = halves[2 * i] | ((ulong)halves[(2 * i) + 1] << 32);
            }

            return words;
        }

        private static uint[] Fill(uint[] entropy)
        {
            uint constant = 0x43b0d7e5;
            uint[] pool = new uint[PoolSize];
            for (int i = 0; i < PoolSize; i++)
            {
                pool[i] = Hash(entropy[i], ref constant, 0x931e8875);
            }

            for (int source = 0; source < PoolSize; source++)
            {
                for (int target = 0; target < PoolSize; target++)
                {
                    if (source != target)
                    {
                        pool[target] = Mix(pool[target], Hash(pool[source], ref constant, 0x931e8875));
                    }
                }
            }

            return pool;
        }

        private static uint Hash(uint value, ref uint constant, uint multiplier)
        {
            value ^= constant;
            constant *= multiplier;
            value *= constant;
            return value ^ (value >> 16);
        }

        private static uint Mix(uint x, uint y)
        {
            uint mixed = (0xca01f9dd * x) - (0x4973f715 * y);
            return mixed ^ (mixed >> 16);
        }
    }
}
