using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>x / sqrt(mean(x²) + ε) · w over the last axis (Zhang and Sennrich 2019), in fp32 or better.</summary>
public sealed class RmsNorm : IDisposable
{
    private readonly double _epsilon;

    /// <summary>A norm that owns its gain; a half-precision gain is converted to fp32.</summary>
    public RmsNorm(Tensor weight_D, double epsilon)
    {
        _epsilon = epsilon;
        Weight_D = weight_D;
        if (weight_D.dtype is ScalarType.BFloat16 or ScalarType.Float16)
        {
            Weight_D = weight_D.to(float32).DetachFromDisposeScope();
            weight_D.Dispose();
        }
    }

    /// <summary>The gain, [D], fp32 or float64.</summary>
    public Tensor Weight_D { get; }

    /// <summary>[..., D] → [..., D], computed and returned in the gain's precision.</summary>
    public Tensor Forward(Tensor x_BTD) => TorchOps.RmsNorm(x_BTD, Weight_D, _epsilon);

    /// <inheritdoc />
    public void Dispose() => Weight_D.Dispose();
}
