using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch.Quantization;

/// <summary>A matrix in four bits a value (<see cref="Nf4"/>), which is turned back into numbers where it is needed.</summary>
public sealed class QuantizedWeight : IDisposable
{
    // Values quantized at a time: whole blocks, whose copy in fp32 stays in the cache.
    private const long ChunkValues = 1 << 20;

    // Reused: between the parts of layers that stay, freed copies would leave gaps in the heap that nothing fits.
    [ThreadStatic]
    private static Tensor? _chunk;

    private readonly Tensor[] _parts;

    /// <summary>A matrix from its parts, of which it takes ownership.</summary>
    /// <param name="codes">uint8, two codes a byte in row-major order; the bytes of the last block may be missing at the end.</param>
    /// <param name="maxima">The largest magnitude of each block, fp32; null: they are nested.</param>
    /// <param name="nested">The block maxima in eight bits; null: they are given.</param>
    /// <param name="shape">[out, in].</param>
    /// <param name="dtype">Precision of the numbers that it is turned back into.</param>
    public QuantizedWeight(Tensor codes, Tensor? maxima, NestedMaxima? nested, (long Out, long In) shape, ScalarType dtype)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        (Out, In, Dtype) = ((int)shape.Out, (int)shape.In, dtype);
        long blocks = Nf4.Blocks((long)Out * In);
        Device device = codes.device;
        _parts = new Tensor[Enum.GetValues<QuantizedPart>().Length];
        Set(QuantizedPart.Codes, Padded(codes.flatten(), blocks * Nf4.BlockBytes));
        Set(QuantizedPart.Maxima, nested is null
            ? Padded(maxima!, blocks)
            : Padded(nested.Codes, NestedMaxima.Groups(blocks) * NestedMaxima.GroupSize));
        Set(QuantizedPart.GroupMaxima, nested is null ? zeros(0, float32, device) : Padded(nested.Maxima, NestedMaxima.Groups(blocks)));
        Set(QuantizedPart.Offset, tensor((float[])[nested?.Offset ?? 0], device: device));
        Set(QuantizedPart.Map, nested is null ? zeros(0, float32, device) : tensor(NestedMaxima.Values.ToArray(), device: device));
        Set(QuantizedPart.Pairs, TorchScript.Tensor("as_pairs", tensor(Pairs(), device: device).view(-1, 2)));
        Set(QuantizedPart.Shape, tensor((long[])[Out, In]));
        foreach (IDisposable? part in (IDisposable?[])[codes, maxima, nested])
        {
            part?.Dispose();
        }

        void Set(QuantizedPart part, Tensor value) => _parts[(int)part] = value.DetachFromDisposeScope();
    }

    /// <summary>Output width.</summary>
    public int Out { get; }

    /// <summary>Input width.</summary>
    public int In { get; }

    /// <summary>Precision of the numbers that it is turned back into.</summary>
    public ScalarType Dtype { get; }

    /// <summary>Device of the codes.</summary>
    public Device Device => Codes.device;

    /// <summary>Whether the block maxima are quantized too.</summary>
    public bool IsNested => _parts[(int)QuantizedPart.GroupMaxima].numel() > 0;

    /// <summary>Bytes in memory.</summary>
    public long Bytes => _parts.Sum(part => part.numel() * part.ElementSize);

    /// <summary>The parts that determine it, in the order of <see cref="Names"/>.</summary>
    internal IReadOnlyList<Tensor> Stored => IsNested
        ? [Codes, _parts[(int)QuantizedPart.Maxima], _parts[(int)QuantizedPart.GroupMaxima], _parts[(int)QuantizedPart.Offset]]
        : [Codes, _parts[(int)QuantizedPart.Maxima]];

    /// <summary>Its tensors by <see cref="QuantizedPart"/>.</summary>
    internal IReadOnlyList<Tensor> Parts => _parts;

    /// <summary>The codes in whole blocks.</summary>
    internal Tensor Codes => _parts[(int)QuantizedPart.Codes];

    /// <summary>Quantizes a matrix, on its device.</summary>
    /// <param name="weight_OI">Finite values in any floating-point precision, [out, in].</param>
    /// <param name="nested">Whether to quantize the block maxima, too.</param>
    /// <param name="dtype">Precision of the numbers that it is turned back into.</param>
    public static QuantizedWeight Of(Tensor weight_OI, bool nested, ScalarType dtype)
    {
        ArgumentNullException.ThrowIfNull(weight_OI);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor flat = weight_OI.detach().contiguous().flatten();
        (Tensor codes, Tensor maxima) = weight_OI.device.type == DeviceType.CPU ? OnCpu(flat) : OnDevice(flat);
        NestedMaxima? inEightBits = nested ? NestedMaxima.Of(maxima) : null;
        return new(codes, nested ? null : maxima, inEightBits, (weight_OI.shape[0], weight_OI.shape[1]), dtype);
    }

    /// <summary>Why a matrix cannot be quantized, as a predicate; null: it can.</summary>
    public static string? Refusal(long height, long width) => height * width < Nf4.BlockSize
        ? $"is smaller than a block of {Nf4.BlockSize} weights"
        : width % 2 != 0 ? "has an odd width, so that two weights of a byte belong to different rows" : null;

    /// <summary>Names of the stored parts.</summary>
    internal static IReadOnlyList<string> Names(bool nested) =>
        nested ? ["codes", "maxima", "groupMaxima", "offset"] : ["codes", "maxima"];

    /// <summary>A matrix from its stored parts, which stay the caller's; null: their sizes are others.</summary>
    internal static QuantizedWeight? Restore(IReadOnlyList<Tensor> parts, (long Out, long In) shape, ScalarType dtype)
    {
        long blocks = Nf4.Blocks(shape.Out * shape.In);
        long groups = NestedMaxima.Groups(blocks);
        long[] sizes = parts.Count == 2
            ? [blocks * Nf4.BlockBytes, blocks]
            : [blocks * Nf4.BlockBytes, groups * NestedMaxima.GroupSize, groups, 1];
        if (!parts.Select(part => part.numel()).SequenceEqual(sizes))
        {
            return null;
        }

        Tensor[] own = [.. parts.Select(part => part.alias().DetachFromDisposeScope())];
        return parts.Count == 2
            ? new(own[0], own[1], null, shape, dtype)
            : new(own[0], null, new NestedMaxima(own[1], own[2], TensorReader.Floats(own[3])[0]), shape, dtype);
    }

    /// <summary>The numbers, [out, in]; the current dispose scope owns the result.</summary>
    public Tensor Dequantize() => Dequantize(Dtype);

    /// <summary>The numbers in a precision, [out, in]; the current dispose scope owns the result.</summary>
    public Tensor Dequantize(ScalarType dtype)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        return TorchScript.Tensor("dequantized_rows", _parts, 0, Out).to(dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Some rows, [rows, in]; the current dispose scope owns the result.</summary>
    public Tensor Rows(long first, long rows)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        return TorchScript.Tensor("dequantized_rows", _parts, (int)first, (int)rows).to(Dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor tensor in _parts)
        {
            tensor.Dispose();
        }
    }

    /// <summary>The same codes by plain operators, for devices.</summary>
    internal static (Tensor Codes, Tensor Maxima) OnDevice(Tensor flat)
    {
        long blocks = Nf4.Blocks(flat.shape[0]);
        Tensor values = Padded(flat.to(float32), blocks * Nf4.BlockSize).view(blocks, Nf4.BlockSize);
        Tensor[] parts = TorchScript.Tensors("quantized", values, tensor(Nf4.Midpoints.ToArray(), device: flat.device));
        return (parts[0], parts[1]);
    }

    private static (Tensor Codes, Tensor Maxima) OnCpu(Tensor flat)
    {
        long blocks = Nf4.Blocks(flat.shape[0]);
        Tensor codes = empty(blocks * Nf4.BlockBytes, uint8);
        Tensor maxima = empty(blocks, float32);
        Tensor chunk = _chunk ??= empty(ChunkValues, float32).DetachFromDisposeScope();
        for (long first = 0; first < flat.shape[0]; first += ChunkValues)
        {
            using IDisposable scope = NewDisposeScope();
            int count = (int)Math.Min(ChunkValues, flat.shape[0] - first);
            Tensor values = chunk.narrow(0, 0, count);
            values.copy_(flat.narrow(0, first, count));
            Nf4.Quantize(
                MemoryMarshal.Cast<byte, float>(values.bytes),
                codes.narrow(0, first / 2, Nf4.Blocks(count) * Nf4.BlockBytes).bytes,
                MemoryMarshal.Cast<byte, float>(maxima.narrow(0, first / Nf4.BlockSize, Nf4.Blocks(count)).bytes));
        }

        return (codes, maxima);
    }

    private static Tensor Padded(Tensor values, long count)
    {
        if (values.shape[0] >= count)
        {
            return values.alias();
        }

        Tensor padded = zeros(count, values.dtype, values.device);
        padded.narrow(0, 0, values.shape[0]).copy_(values);
        return padded;
    }

    // For each byte the two numbers of its codes.
    private static float[] Pairs() =>
        [.. Enumerable.Range(0, byte.MaxValue + 1).SelectMany(code => (float[])[Nf4.Values[code >> 4], Nf4.Values[code & 0xf]])];
}
