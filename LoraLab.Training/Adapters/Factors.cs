using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Converts intermediate results to factors that an adapter owns.</summary>
internal static class Factors
{
    /// <summary>A contiguous fp32 copy that outlives the current dispose scope.</summary>
    public static Tensor Own(Tensor value)
    {
        using IDisposable noGrad = no_grad();
        return value.to(float32, copy: true).contiguous().DetachFromDisposeScope();
    }
}
