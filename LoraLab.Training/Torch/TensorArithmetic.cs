#pragma warning disable RS0030 // These are the calls that are banned elsewhere.
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Arithmetic of tensors with numbers, and sums. TorchSharp converts a number, or the factor 1 of a sum, to a native scalar per
/// call and does not keep it alive while native code reads it: a garbage collection at that moment frees it and the operation fails. Here
/// it lives until the call returns.
/// </summary>
public static class TensorArithmetic
{
    private static readonly Scalar _one = 1;
    private static readonly Scalar _true = true;

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

    /// <summary>Every element plus a number.</summary>
    public static Tensor Plus(this Tensor x, double number) => With(number, scalar => x.add(scalar, _one));

    /// <summary>Adds a number to every element in place and returns the tensor.</summary>
    public static Tensor PlusInPlace(this Tensor x, double number) => With(number, scalar => x.add_(scalar, _one));

    /// <summary>Adds a whole number to every element in place and returns the tensor.</summary>
    public static Tensor PlusInPlace(this Tensor x, long number)
    {
        using Scalar scalar = number;
        return x.add_(scalar, _one);
    }

    /// <summary>Every element times a number.</summary>
    public static Tensor Times(this Tensor x, double number) => With(number, scalar => x.mul(scalar));

    /// <summary>Multiplies every element by a number in place and returns the tensor.</summary>
    public static Tensor TimesInPlace(this Tensor x, double number) => With(number, scalar => x.mul_(scalar));

    /// <summary>Every element divided by a number.</summary>
    public static Tensor Over(this Tensor x, double number) => With(number, scalar => x.div(scalar));

    /// <summary>Whether each element is at least a number.</summary>
    public static Tensor IsAtLeast(this Tensor x, double number) => With(number, scalar => x.ge(scalar));

    /// <summary>Whether each element is a number.</summary>
    public static Tensor Is(this Tensor x, double number) => With(number, scalar => x.eq(scalar));

    /// <summary>Sets every element to a number and returns the tensor.</summary>
    public static Tensor Fill(this Tensor x, double number) => With(number, scalar => x.fill_(scalar));

    /// <summary>A copy with a number where a mask is true.</summary>
    public static Tensor FilledWhere(this Tensor x, Tensor mask, double number) => With(number, scalar => x.masked_fill(mask, scalar));

    /// <summary>Sets elements of a mask to true, in place, and returns it.</summary>
    public static Tensor TrueAt(this Tensor mask, Tensor indices)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return mask.index_fill_(0, indices, _true);
    }

    private static Tensor With(double number, Func<Scalar, Tensor> operation)
    {
        using Scalar scalar = number;
        return operation(scalar);
    }
}
