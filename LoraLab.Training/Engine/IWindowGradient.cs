using static TorchSharp.torch;

namespace LoraLab.Training.Engine;

/// <summary>Computes the gradient of a window, however it is split into passes.</summary>
public interface IWindowGradient : IDisposable
{
    /// <summary>
    /// The window's loss of each run, float64 [runs]; its gradient times the run's loss scale is added to its parameters'. The
    /// current dispose scope owns the result.
    /// </summary>
    /// <param name="runs">Runs that take the step together.</param>
    /// <param name="step">Optimizer step, from 1.</param>
    /// <param name="cancellation">Stops between two blocks or passes.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the gradients are incomplete then.</exception>
    Tensor Accumulate(IReadOnlyList<TrainingRun> runs, int step, CancellationToken cancellation);
}
