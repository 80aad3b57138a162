using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Converts intermediate results to factors that an adapter owns.</summary>
internal static class Factors
{
    /// <summary>
    /// 1 or −1 for each column, [1, r]: the sign of its largest entry, by which singular and orthonormal vectors become unique. A zero
    /// column has no sign and gets 1.
    /// </summary>
    public static Tensor SignOfLargest(Tensor columns_OR)
    {
        Tensor signs_1R = columns_OR.gather(0, columns_OR.abs().argmax(0, keepdim: true)).sign();
        return signs_1R.Plus(signs_1R.Is(0).to(signs_1R.dtype));
    }

    /// <summary>A contiguous fp32 copy that outlives the current dispose scope.</summary>
    public static Tensor Own(Tensor value)
    {
        using IDisposable noGrad = no_grad();
        return value.to(float32, copy: true).contiguous().DetachFromDisposeScope();
    }
}
