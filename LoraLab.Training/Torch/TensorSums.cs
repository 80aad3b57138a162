using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Sums of tensors. TorchSharp's own addition creates a scalar factor per call and does not keep it alive while native code reads it: a
/// garbage collection at that moment frees it and the sum fails. Here the factor is never collected.
/// </summary>
public static class TensorSums
{
    private static readonly Scalar _one = 1;

    /// <summary>Broadcast sum, in the wider of the two dtypes.</summary>
    public static Tensor Plus(this Tensor left, Tensor right)
    {
        ArgumentNullException.ThrowIfNull(left);
        return left.add(right, _one);
    }

    /// <summary>Adds to a tensor in place and returns it.</summary>
    public static Tensor PlusInPlace(this Tensor target, Tensor other)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.add_(other, _one);
    }
}
