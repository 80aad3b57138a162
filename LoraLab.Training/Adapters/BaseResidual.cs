using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Subtracts factors from a base weight: W ← W − s·B₀A₀ (PiSSA).</summary>
internal static class BaseResidual
{
    /// <summary>
    /// Computed in float64 and rounded once to the weight's precision. The fp32 factors themselves are subtracted, so that
    /// W_res + s·B₀A₀ = W also holds for an approximate decomposition. A resumed run repeats it with the stored factors and gets identical
    /// bytes.
    /// </summary>
    public static void Subtract(LinearLayer layer, Tensor a_RI, Tensor b_OR, double scaling)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor product_OI = b_OR.detach().to(float64).mm(a_RI.detach().to(float64)).Times(scaling);
        // What is quantized next keeps the precision of the original until then.
        ScalarType dtype = layer.Quantized is null ? layer.Dtype : float32;
        layer.ReplaceWeight(layer.Original_OI.to(float64).sub(product_OI).to(dtype).DetachFromDisposeScope());
    }
}
