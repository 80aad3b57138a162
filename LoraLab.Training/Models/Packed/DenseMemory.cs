using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Memory for the numbers of a weight in four bits while a layer computes with it, which the next layer reuses: indices and fp32 numbers of
/// a piece, and the numbers of the largest product in the precision of the kernels.
/// </summary>
internal sealed class DenseMemory : IDisposable
{
    private DenseMemory(Device device, ScalarType dtype, long largest, long product)
    {
        // Two codes a byte; whole blocks.
        long pairs = Nf4.Blocks(largest) * Nf4.BlockBytes;
        long piece = Math.Min(pairs, Piece(device.type != TorchSharp.DeviceType.CPU));
        Tensors =
        [
            empty(piece, int32, device).DetachFromDisposeScope(),
            empty(product > 0 ? piece : pairs, complex64, device).DetachFromDisposeScope(),
            empty(product, dtype, device).DetachFromDisposeScope(),
        ];
    }

    /// <summary>The last arguments of <c>dense</c>.</summary>
    public IReadOnlyList<Tensor> Tensors { get; }

    /// <summary>Memory for the layers of a model; null: none of its weights is in four bits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="joined">Whether layers that read the same tensor are one product.</param>
    public static DenseMemory? For(LlamaModel model, bool joined)
    {
        LinearLayer[] linears = [.. model.Linears.Where(linear => linear.Quantized is not null)];
        if (linears.Length == 0)
        {
            return null;
        }

        ScalarType dtype = linears[0].Dtype;
        long largest = linears.Max(Size);
        long product = joined ? model.Blocks.Max(Largest) : dtype == float32 ? 0 : largest;
        return new(model.Device, dtype, largest, product);
    }

    /// <summary>Bytes of the memory for a model whose linear layers are in four bits.</summary>
    public static double Bytes(BlockDescription block, bool half, bool joined)
    {
        double largest = block.Linears.Max(Values);
        double product = joined ? block.Linears.GroupBy(linear => linear.Group).Max(group => group.Sum(Values)) : half ? largest : 0;
        double pairs = Math.Ceiling(largest / Nf4.BlockSize) * Nf4.BlockBytes;
        double piece = Math.Min(pairs, Piece(joined));
        return (sizeof(int) * piece) + (2 * sizeof(float) * (product > 0 ? piece : pairs))
            + (product * (half ? sizeof(short) : sizeof(float)));

        static double Values(BlockLinear linear) => (double)linear.Out * linear.In;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor tensor in Tensors)
        {
            tensor.Dispose();
        }
    }

    // Pairs of numbers computed at a time: on the CPU they stay in the cache, on a GPU a matrix is a few calls.
    private static long Piece(bool gpu) => gpu ? 1 << 22 : 1 << 17;

    private static long Largest(LlamaBlock block) => block.Description.Linears.Zip(block.Linears)
        .GroupBy(pair => pair.First.Group, pair => pair.Second).Max(group => group.Sum(Size));

    private static long Size(LinearLayer linear) => (long)linear.Out * linear.In;
}
