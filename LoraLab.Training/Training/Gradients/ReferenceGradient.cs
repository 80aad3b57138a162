using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Training.Gradients;

/// <summary>
/// The reference path (<c>microBatch: 1</c>): one sentence per pass under plain autograd. Every faster path must compute the same gradient.
/// </summary>
/// <param name="run">The run.</param>
public sealed class ReferenceGradient(PreparedRun run) : IWindowGradient
{
    /// <inheritdoc />
    public Tensor Accumulate(int step, double lossScale, CancellationToken cancellation)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor loss = zeros(1, float64, run.Device);
        foreach (WindowPass pass in WindowPass.Split(run.Window(step), 1, run.Spec.LossWeighting, run.Device))
        {
            cancellation.ThrowIfCancellationRequested();
            using WindowPass current = pass;
            using IDisposable passScope = NewDisposeScope();
            Tensor passLoss = Loss(pass, new ForwardPass(cancellation, Masks(run, step, pass.Examples)));
            (lossScale == 1 ? passLoss : passLoss.Times(lossScale)).backward();
            run.Model.Trained?.CollectGradients();
            using IDisposable noGrad = no_grad();
            loss.PlusInPlace(passLoss.detach());
        }

        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Returns the dropout masks of a pass, or null without dropout.</summary>
    internal static DropoutMasks? Masks(PreparedRun run, int step, IReadOnlyList<TrainingExample> examples) => run.Spec.Dropout > 0
        ? new(run.Spec.Seed, step, [.. examples.Select(example => example.Row)], [.. examples.Select(example => example.Ids.Length - 1)])
        {
            Earlier = run.EarlierDropout,
        }
        : null;

    private Tensor Loss(WindowPass pass, ForwardPass forward)
    {
        Tensor hidden_BTD = run.Model.Hidden(pass.Ids_BT, forward, pass.TextLengths);
        Tensor hidden_ND = hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.TargetPositions_N);
        Tensor losses_N = functional.cross_entropy(run.Model.Logits(hidden_ND, forward), pass.TargetIds_N, reduction: Reduction.None);
        return losses_N.mul(pass.Weights_N).sum();
    }
}
