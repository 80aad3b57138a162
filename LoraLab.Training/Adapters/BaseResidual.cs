using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Subtracts factors from a base weight: W ← W − s·B₀A₀ (PiSSA).</summary>
internal static class BaseResidual
{
    /// <summary>
    /// Computed in float64 and rounded once to the weight's precision. The fp32 factors themselves are subtracted, so that
    /// W_res + s·B₀A₀ = W also holds for an approximate decomposition. A resumed run repeats it with the stored factors and gets identical
    /// bytes. In four bits, the residual of the original weight is quantized, so that W_res + s·B₀A₀ is near W.
    /// </summary>
    public static void Subtract(LinearLayer layer, Tensor a_RI, Tensor b_OR, double scaling)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor product_OI = b_OR.detach().to(float64).mm(a_RI.detach().to(float64)).Times(scaling);
        Tensor original_OI = layer.Original_OI.to(float64);
        Tensor residual_OI = original_OI.sub(product_OI);
        if (layer.Quantized is null)
        {
            layer.ReplaceWeight(residual_OI.to(layer.Dtype).DetachFromDisposeScope());
            return;
        }

        double plain = Squared(original_OI.sub(layer.Weight_OI.to(float64)));
        layer.ReplaceWeight(residual_OI.to(float32).DetachFromDisposeScope());
        layer.Error = new(Squared(residual_OI.sub(layer.Weight_OI.to(float64))), plain, Squared(original_OI));
    }

    private static double Squared(Tensor values) => TensorReader.Doubles(values.mul(values).sum())[0];
}
