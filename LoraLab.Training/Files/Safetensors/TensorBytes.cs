using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>The memory of a contiguous CPU tensor as spans; a span cannot cover 2 GiB, so large tensors are visited in chunks.</summary>
internal static class TensorBytes
{
    private const long ChunkElements = 1 << 26;

    /// <summary>Receives a chunk and its byte offset.</summary>
    public delegate void Visitor(Span<byte> chunk, long offset);

    public static void ForEachSpan(torch.Tensor tensor, Visitor visit)
    {
        using torch.Tensor flat = tensor.view(-1);
        for (long first = 0; first < flat.shape[0]; first += ChunkElements)
        {
            using torch.Tensor chunk = flat.narrow(0, first, Math.Min(ChunkElements, flat.shape[0] - first));
            visit(chunk.bytes, first * tensor.ElementSize);
        }
    }
}
