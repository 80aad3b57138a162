using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>A tensor of a file to be written, made when its turn comes and let go when it is written.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Dtype">float64, float32, float16 or bfloat16.</param>
/// <param name="Shape">Shape.</param>
/// <param name="Make">Gives the tensor, on any device; the writer's dispose scope owns what it makes.</param>
public sealed record DeferredTensor(string Name, torch.ScalarType Dtype, IReadOnlyList<long> Shape, Func<torch.Tensor> Make)
{
    /// <summary>Bytes in the file.</summary>
    public long Bytes => Shape.Aggregate((long)Dtype.ElementSize(), (product, length) => product * length);
}
