using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Calibration;

/// <summary>Accumulates the covariance of a layer's inputs over rows, in float64.</summary>
/// <param name="measure">Which covariance.</param>
/// <param name="width">Width of the inputs.</param>
/// <param name="device">Device of the inputs.</param>
public sealed class InputMoments(CalibrationMeasure measure, long width, Device device) : IDisposable
{
    private readonly Tensor _products_II = zeros(width, width, float64, device).DetachFromDisposeScope();
    private readonly Tensor _sum_I = zeros(width, float64, device).DetachFromDisposeScope();
    private long _rows;
    private long _tokens;

    /// <summary>Adds the inputs of a row, [..., in].</summary>
    public void Add(Tensor x_BTI)
    {
        ArgumentNullException.ThrowIfNull(x_BTI);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor x_TI = x_BTI.reshape(-1, width).to(float64);
        if (measure == CalibrationMeasure.NormalizedCovariance)
        {
            // The maximum with its sign, then its absolute value, as in PEFT.
            double largest = Math.Abs(x_TI.max().item<double>());
            x_TI = largest > 0 ? x_TI.Over(largest) : x_TI;
        }

        _products_II.PlusInPlace(x_TI.t().mm(x_TI));
        _sum_I.PlusInPlace(x_TI.sum(dim: 0));
        _rows++;
        _tokens += x_TI.shape[0];
    }

    /// <summary>The covariance, [in, in]; the current dispose scope owns it.</summary>
    public Tensor Covariance()
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        if (measure == CalibrationMeasure.NormalizedCovariance)
        {
            return _products_II.Over(_rows).MoveToOuterDisposeScope();
        }

        Tensor mean_I = _sum_I.Over(_tokens);
        return _products_II.Over(_tokens).sub(mean_I.outer(mean_I)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _products_II.Dispose();
        _sum_I.Dispose();
    }
}
