using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Model;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Engine;

/// <summary>The gradient of a window, accumulated over passes of some sentences each.</summary>
public sealed class WindowGradient(PreparedRun run)
{
    /// <summary>The window's loss; its gradient times <paramref name="scale"/> is added to the parameters', however the window is split.</summary>
    /// <param name="window">Sentences of the window.</param>
    /// <param name="step">Optimizer step, from 1: dropout masks depend on it.</param>
    /// <param name="scale">Factor of the loss before the backward pass (fp16); 1: none.</param>
    /// <param name="cancellation">Stops between two layers or passes.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the gradients are incomplete then.</exception>
    public double Accumulate(IReadOnlyList<TrainingExample> window, int step, double scale, CancellationToken cancellation)
    {
        double loss = 0;
        foreach (WindowPass pass in WindowPass.Split(window, run.Environment.MicroBatch, run.Spec.LossWeighting, run.Device))
        {
            cancellation.ThrowIfCancellationRequested();
            using WindowPass current = pass;
            using IDisposable scope = NewDisposeScope();
            Tensor hidden_BTD = run.Model.Hidden(pass.Ids_BT, new ForwardPass(cancellation, Masks(step, pass)));
            Tensor hidden_ND = hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.TargetPositions_N);
            Tensor losses_N = functional.cross_entropy(run.Model.Logits(hidden_ND), pass.TargetIds_N, reduction: Reduction.None);
            Tensor passLoss = losses_N.mul(pass.Weights_N).sum();
            (scale == 1 ? passLoss : passLoss.mul(scale)).backward();
            loss += passLoss.to(float64).item<double>();
        }

        return loss;
    }

    private DropoutMasks? Masks(int step, WindowPass pass) => run.Spec.Dropout > 0
        ? new(run.Spec.Seed, step, [.. pass.Examples.Select(example => example.Row)], [.. pass.Examples.Select(example => example.Ids.Length - 1)])
        : null;
}
