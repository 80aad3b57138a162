using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Model;

/// <summary>x / sqrt(mean(x²) + ε) · w over the last axis (Zhang and Sennrich 2019).</summary>
public sealed class RmsNorm(Tensor weight_D, double epsilon) : IDisposable
{
    /// <summary>The gain, [D].</summary>
    public Tensor Weight_D { get; } = weight_D;

    /// <summary>[..., D] → [..., D], computed in fp32 or better and returned in the input's precision.</summary>
    public Tensor Forward(Tensor x_BTD) => TorchOps.RmsNorm(x_BTD, Weight_D, epsilon);

    /// <inheritdoc />
    public void Dispose() => Weight_D.Dispose();
}
