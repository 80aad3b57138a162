using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace LoraLab.Training.Adapters;

/// <summary>Seeds that depend only on names and numbers: the same on every machine and in any order of initialization.</summary>
public static class StableSeed
{
    /// <summary>A non-negative seed derived from a run's seed, a name and further numbers.</summary>
    public static long From(long seed, string name, params ReadOnlySpan<int> numbers)
    {
        byte[] text = Encoding.UTF8.GetBytes(name);
        byte[] key = new byte[sizeof(long) + text.Length + (numbers.Length * sizeof(int))];
        BinaryPrimitives.WriteInt64LittleEndian(key, seed);
        text.CopyTo(key, sizeof(long));
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(key.AsSpan(sizeof(long) + text.Length + (i * sizeof(int))), numbers[i]);
        }

        return BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(key)) & long.MaxValue;
    }
}
