using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>x / sqrt(mean(x²) + ε) · w over the last axis (Zhang and Sennrich 2019), in fp32 or better.</summary>
public sealed class RmsNorm : IDisposable
{
    private readonly double _epsilon, _offset;

    /// <summary>
    /// A norm that owns its weight; a half-precision weight is converted to fp32. The gain is the weight plus <paramref name="offset"/>.
    /// </summary>
    public RmsNorm(Tensor weight_D, double epsilon, double offset = 0)
    {
        (_epsilon, _offset) = (epsilon, offset);
        Weight_D = weight_D;
        if (weight_D.dtype is ScalarType.BFloat16 or ScalarType.Float16)
        {
            Weight_D = weight_D.to(float32).DetachFromDisposeScope();
            weight_D.Dispose();
        }

        Gain_D = offset == 0 ? Weight_D : Weight_D.Plus(offset).DetachFromDisposeScope();
    }

    /// <summary>The weight as the checkpoint has it, [D], fp32 or float64.</summary>
    public Tensor Weight_D { get; }

    /// <summary>
    /// The gain, [D], in the precision of the weight; after a change of the weight, that before it until <see cref="Refresh"/>.
    /// </summary>
    public Tensor Gain_D { get; }

    /// <summary>[..., D] → [..., D], computed and returned in the precision of the input.</summary>
    public Tensor Forward(Tensor x_BTD) =>
        TorchOps.RmsNorm(x_BTD, Weight_D.requires_grad && _offset != 0 ? Weight_D.Plus(_offset) : Gain_D, _epsilon);

    /// <summary>Computes the gain from the weight again.</summary>
    public void Refresh()
    {
        if (_offset != 0)
        {
            using IDisposable noGrad = no_grad();
            using Tensor gain_D = Weight_D.Plus(_offset);
            Gain_D.copy_(gain_D);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Weight_D.Dispose();
        if (!ReferenceEquals(Gain_D, Weight_D))
        {
            Gain_D.Dispose();
        }
    }
}
