using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch.Quantization;

/// <summary>
/// The block maxima of a matrix in eight bits each (double quantization), as bitsandbytes computes them: less their mean, in groups of 256
/// divided by the group's largest magnitude, then the nearest of 256 numbers.
/// </summary>
/// <param name="Codes">The code of each block, uint8.</param>
/// <param name="Maxima">The largest magnitude of each group, fp32.</param>
/// <param name="Offset">The mean of the block maxima.</param>
public sealed record NestedMaxima(Tensor Codes, Tensor Maxima, float Offset) : IDisposable
{
    /// <summary>Block maxima of a group.</summary>
    public const int GroupSize = 256;

    // Values of the table that finds the nearest number.
    private const int Steps = ushort.MaxValue;

    private static readonly float[] _values = DynamicMap();
    private static readonly Lazy<byte[]> _nearest = new(Nearest);

    /// <summary>The 256 numbers, ascending.</summary>
    public static ReadOnlySpan<float> Values => _values;

    /// <summary>Number of groups of so many blocks; the last may be short.</summary>
    public static long Groups(long blocks) => (blocks + GroupSize - 1) / GroupSize;

    /// <summary>Quantizes block maxima.</summary>
    /// <param name="maxima">The largest magnitude of each block.</param>
    /// <param name="device">Device of the result.</param>
    public static NestedMaxima Of(ReadOnlySpan<float> maxima, Device device)
    {
        using IDisposable scope = NewDisposeScope();
        return Of(tensor(maxima.ToArray(), device: device));
    }

    /// <summary>Quantizes block maxima, on their device.</summary>
    /// <param name="blocks">The largest magnitude of each block, fp32.</param>
    public static NestedMaxima Of(Tensor blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor here = blocks.cpu().contiguous();
        ReadOnlySpan<float> maxima = MemoryMarshal.Cast<byte, float>(here.bytes);
        // The mean of the tensor library: a mean in float64 has another last bit for some matrices.
        float offset = TensorReader.Floats(here.mean())[0];
        Tensor codesHere = empty(maxima.Length, uint8);
        Tensor largestHere = zeros(Groups(maxima.Length), float32);
        Span<byte> codes = codesHere.bytes;
        Span<float> largest = MemoryMarshal.Cast<byte, float>(largestHere.bytes);
        for (int group = 0; group < largest.Length; group++)
        {
            ReadOnlySpan<float> part = maxima[(group * GroupSize)..Math.Min((group + 1) * GroupSize, maxima.Length)];
            foreach (float maximum in part)
            {
                largest[group] = Math.Max(largest[group], Math.Abs(maximum - offset));
            }

            for (int i = 0; i < part.Length; i++)
            {
                float value = (part[i] - offset) / largest[group];
                // Of equal maxima the quotient is NaN: every code gives the offset then.
                codes[(group * GroupSize) + i] = float.IsNaN(value) ? (byte)0 : _nearest.Value[(int)(((value + 1) / 2 * Steps) + 0.5f)];
            }
        }

        return new(
            codesHere.to(blocks.device).DetachFromDisposeScope(), largestHere.to(blocks.device).DetachFromDisposeScope(), offset);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Codes.Dispose();
        Maxima.Dispose();
    }

    // The signed dynamic map of bitsandbytes: for each of seven powers of ten, the means of neighbors among 2^i + 1 numbers from 0.1 to 1.
    private static float[] DynamicMap()
    {
        const int Powers = 7;
        List<float> values = [0, 1];
        for (int i = 0; i < Powers; i++)
        {
            float power = (float)Math.Pow(10, i + 1 - Powers);
            int count = 1 << i;
            for (int j = 0; j < count; j++)
            {
                float value = power * ((Bound(j, count) + Bound(j + 1, count)) / 2);
                values.AddRange([value, -value]);
            }
        }

        return [.. values.Order()];
    }

    // As linspace of libtorch rounds: the first half is counted from the start, the second from the end, each with one rounding.
    private static float Bound(int place, int intervals)
    {
        const float Start = 0.1f, End = 1f;
        float step = (End - Start) / intervals;
        return place < (intervals + 1) / 2
            ? MathF.FusedMultiplyAdd(step, place, Start)
            : MathF.FusedMultiplyAdd(-step, intervals - place, End);
    }

    private static byte[] Nearest()
    {
        byte[] nearest = new byte[Steps + 1];
        int code = 0;
        for (int k = 0; k <= Steps; k++)
        {
            double value = (2.0 * k / Steps) - 1;
            while (code < _values.Length - 1 && Math.Abs(_values[code + 1] - value) < Math.Abs(_values[code] - value))
            {
                code++;
            }

            nearest[k] = (byte)code;
        }

        return nearest;
    }
}
