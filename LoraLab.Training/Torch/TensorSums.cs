using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Sums of tensors. TorchSharp's own makes the factor of the second tensor anew for each, and nothing holds it while native code reads it:
/// where objects are collected in this moment, the factor is gone and the sum fails. This one has a factor that is never collected.
/// </summary>
public static class TensorSums
{
    private static readonly Scalar _one = 1;

    /// <summary>Their sum, broadcast, in the wider of the two types.</summary>
    public static Tensor Plus(this Tensor left, Tensor right)
    {
        ArgumentNullException.ThrowIfNull(left);
        return left.add(right, _one);
    }

    /// <summary>Adds to a tensor in place, and returns it.</summary>
    public static Tensor PlusInPlace(this Tensor into, Tensor added)
    {
        ArgumentNullException.ThrowIfNull(into);
        return into.add_(added, _one);
    }
}
