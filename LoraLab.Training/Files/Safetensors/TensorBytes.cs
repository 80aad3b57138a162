using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>The memory of a contiguous CPU tensor as spans; a span cannot cover 2 GB, so that large tensors come in pieces.</summary>
internal static class TensorBytes
{
    private const long ElementsAtOnce = 1 << 26;

    /// <summary>Receives a piece and the byte offset at which it begins.</summary>
    public delegate void Visitor(Span<byte> piece, long offset);

    public static void ForEachSpan(torch.Tensor tensor, Visitor visit)
    {
        using torch.Tensor flat = tensor.view(-1);
        for (long first = 0; first < flat.shape[0]; first += ElementsAtOnce)
        {
            using torch.Tensor piece = flat.narrow(0, first, Math.Min(ElementsAtOnce, flat.shape[0] - first));
            visit(piece.bytes, first * tensor.ElementSize);
        }
    }
}
