using static TorchSharp.torch;

namespace LoraLab.Training.Training.Gradients;

/// <summary>Computes the gradient of a run's windows, however they are split into passes.</summary>
public interface IWindowGradient
{
    /// <summary>
    /// A window's loss, float64 [1]; its gradient times the loss scale is added to the parameters'. The current dispose scope owns the result.
    /// </summary>
    /// <param name="step">Optimizer step, from 1.</param>
    /// <param name="lossScale">Factor of the gradient.</param>
    /// <param name="cancellation">Stops between two blocks or passes.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the gradients are incomplete then.</exception>
    Tensor Accumulate(int step, double lossScale, CancellationToken cancellation);
}
