using static TorchSharp.torch;

namespace LoraLab.Training.Training.Gradients;

/// <summary>Computes the gradients of a run's windows, independently of how they are split into passes.</summary>
public interface IWindowGradient
{
    /// <summary>
    /// Accumulates a window's gradient times the loss scale in the parameters' gradients and returns its unscaled loss, float64 [1]. The
    /// current dispose scope owns the result.
    /// </summary>
    /// <param name="step">Optimizer step, from 1.</param>
    /// <param name="lossScale">Loss scale.</param>
    /// <param name="cancellation">Cancels between two blocks or passes.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the gradients are incomplete.</exception>
    Tensor Accumulate(int step, double lossScale, CancellationToken cancellation);
}
