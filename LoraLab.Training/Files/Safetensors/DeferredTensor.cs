using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>A tensor to be written to a file, created when it is written and released afterwards.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Dtype">float64, float32, float16 or bfloat16.</param>
/// <param name="Shape">Shape.</param>
/// <param name="Make">Creates the tensor, on any device; the writer's dispose scope owns it.</param>
public sealed record DeferredTensor(string Name, torch.ScalarType Dtype, IReadOnlyList<long> Shape, Func<torch.Tensor> Make)
{
    /// <summary>Size in the file, bytes.</summary>
    public long Bytes => Shape.Aggregate((long)Dtype.ElementSize(), (product, length) => product * length);
}
