using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LoraLab.Training.Torch.Quantization;

/// <summary>
/// The 4-bit NormalFloat of QLoRA (Dettmers et al. 2023, appendix E), as bitsandbytes computes it: blocks of 64 consecutive values of the
/// row-major matrix, each divided by its largest magnitude, each value then by the nearest of sixteen numbers.
/// </summary>
public static class Nf4
{
    /// <summary>Values of a block.</summary>
    public const int BlockSize = 64;

    /// <summary>Bytes of a block: two values each, the first in the high half.</summary>
    public const int BlockBytes = BlockSize / 2;

    private const int Lanes = 8;

    private static readonly float[] _values =
    [
        -1f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
        -0.09105003625154495f, 0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
        0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1f,
    ];

    private static readonly float[] _midpoints = [.. _values.Zip(_values.Skip(1), (low, high) => (low + high) / 2)];

    /// <summary>The sixteen numbers, ascending.</summary>
    public static ReadOnlySpan<float> Values => _values;

    /// <summary>Between neighbors of <see cref="Values"/>; a value on one belongs to the lower.</summary>
    public static ReadOnlySpan<float> Midpoints => _midpoints;

    /// <summary>Number of blocks of so many values; the last may be short.</summary>
    public static long Blocks(long values) => (values + BlockSize - 1) / BlockSize;

    /// <summary>Quantizes whole blocks, and a short one at the end.</summary>
    /// <param name="values">Finite values; after those of a short block the codes are those of zeros.</param>
    /// <param name="codes">32 bytes for each block.</param>
    /// <param name="maxima">The largest magnitude of each block.</param>
    public static void Quantize(ReadOnlySpan<float> values, Span<byte> codes, Span<float> maxima)
    {
        int whole = values.Length / BlockSize;
        for (int block = 0; block < whole; block++)
        {
            maxima[block] = Block(values.Slice(block * BlockSize, BlockSize), codes.Slice(block * BlockBytes, BlockBytes));
        }

        if (whole < maxima.Length)
        {
            Span<float> last = stackalloc float[BlockSize];
            values[(whole * BlockSize)..].CopyTo(last);
            maxima[whole] = Block(last, codes.Slice(whole * BlockBytes, BlockBytes));
        }
    }

    private static float Block(ReadOnlySpan<float> values, Span<byte> codes)
    {
        ref float first = ref MemoryMarshal.GetReference(values);
        Vector256<float> largest = Vector256<float>.Zero;
        for (nuint i = 0; i < BlockSize; i += Lanes)
        {
            largest = Vector256.Max(largest, Vector256.Abs(Vector256.LoadUnsafe(ref first, i)));
        }

        float maximum = 0;
        for (int lane = 0; lane < Lanes; lane++)
        {
            maximum = Math.Max(maximum, largest[lane]);
        }

        // Times the inverse, not divided: another rounding. Of a block of zeros the products are NaN, and the codes those of -1.
        Vector256<float> inverse = Vector256.Create(1 / maximum);
        ref byte target = ref MemoryMarshal.GetReference(codes);
        for (nuint i = 0; i < BlockSize; i += 4 * Lanes)
        {
            Vector256<ushort> low = Vector256.Narrow(Code(ref first, i, inverse), Code(ref first, i + Lanes, inverse));
            Vector256<ushort> high = Vector256.Narrow(
                Code(ref first, i + (2 * Lanes), inverse), Code(ref first, i + (3 * Lanes), inverse));
            // Each lane of 16 bits has two codes, the first in the lower byte.
            Vector256<ushort> pairs = Vector256.Narrow(low, high).AsUInt16();
            Vector256<ushort> bytes = Vector256.BitwiseOr(
                Vector256.ShiftLeft(Vector256.BitwiseAnd(pairs, Vector256.Create((ushort)0xf)), 4), Vector256.ShiftRightLogical(pairs, 8));
            Vector128.Narrow(bytes.GetLower(), bytes.GetUpper()).StoreUnsafe(ref target, i / 2);
        }

        return maximum;
    }

    // The number of midpoints below each value.
    private static Vector256<uint> Code(ref float first, nuint offset, Vector256<float> inverse)
    {
        Vector256<float> scaled = Vector256.Multiply(Vector256.LoadUnsafe(ref first, offset), inverse);
        Vector256<int> code = Vector256<int>.Zero;
        foreach (float midpoint in _midpoints)
        {
            code -= Vector256.GreaterThan(scaled, Vector256.Create(midpoint)).AsInt32();
        }

        return code.AsUInt32();
    }
}
