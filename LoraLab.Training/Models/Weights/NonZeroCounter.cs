using System.Numerics;
using System.Runtime.InteropServices;

namespace LoraLab.Training.Models.Weights;

/// <summary>Counts stored floating-point values that are neither 0 nor −0: those with a bit set other than the sign.</summary>
internal static class NonZeroCounter
{
    /// <summary>Number of nonzero values.</summary>
    public static long Count(ReadOnlySpan<byte> values, string dtype) => dtype switch
    {
        "F64" => Count(values, ~(1UL << 63)),
        "F32" => Count(values, ~(1U << 31)),
        "F16" or "BF16" => Count<ushort>(values, 0x7FFF),
        _ => throw new ArgumentException($"{dtype} is not a floating-point type.", nameof(dtype)),
    };

    private static long Count<T>(ReadOnlySpan<byte> bytes, T magnitude)
        where T : unmanaged, IBinaryInteger<T>
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(bytes);
        Vector<T> mask = new(magnitude);
        long zeros = 0;
        int i = 0;
        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            // Zeros are rare among weights: only a vector that contains one is examined value by value.
            if (Vector.EqualsAny(new Vector<T>(values[i..]) & mask, Vector<T>.Zero))
            {
                zeros += Zeros(values.Slice(i, Vector<T>.Count), magnitude);
            }
        }

        return values.Length - zeros - Zeros(values[i..], magnitude);
    }

    private static long Zeros<T>(ReadOnlySpan<T> values, T magnitude)
        where T : unmanaged, IBinaryInteger<T>
    {
        long zeros = 0;
        foreach (T value in values)
        {
            zeros += T.IsZero(value & magnitude) ? 1 : 0;
        }

        return zeros;
    }
}
