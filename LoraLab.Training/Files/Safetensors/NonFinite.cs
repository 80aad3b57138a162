using System.Numerics;
using System.Runtime.InteropServices;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>
/// Finds NaN and infinity among stored floating-point values: those whose exponent bits are all set. Half precisions need no conversion,
/// and a model is checked at memory bandwidth, without a temporary tensor.
/// </summary>
internal static class NonFinite
{
    /// <summary>Whether a safetensors dtype is a supported floating-point type.</summary>
    public static bool IsFloat(string dtype) => dtype is "F64" or "F32" or "F16" or "BF16";

    /// <summary>Index of the first value that is not finite, or -1.</summary>
    public static long FirstIndex(ReadOnlySpan<byte> values, string dtype) => dtype switch
    {
        "F64" => FirstIndex<ulong>(values, 0x7FF0_0000_0000_0000),
        "F32" => FirstIndex<uint>(values, 0x7F80_0000),
        "F16" => FirstIndex<ushort>(values, 0x7C00),
        "BF16" => FirstIndex<ushort>(values, 0x7F80),
        _ => throw new ArgumentException($"{dtype} is not a floating-point type.", nameof(dtype)),
    };

    private static long FirstIndex<T>(ReadOnlySpan<byte> bytes, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(bytes);
        Vector<T> mask = new(exponent);
        int i = 0;
        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            if (Vector.EqualsAny(new Vector<T>(values[i..]) & mask, mask))
            {
                break;
            }
        }

        for (; i < values.Length; i++)
        {
            if ((values[i] & exponent) == exponent)
            {
                return i;
            }
        }

        return -1;
    }
}
