using LoraLab.Training.Engine;
using LoraLab.Training.Model;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// The literal loop's own operators over the whole window at once, padded: the same mathematics summed in another order. How far it is from
/// the literal loop is how well a window's gradient is defined in this precision at all.
/// </summary>
internal sealed class PaddedGradient : IWindowGradient
{
    /// <inheritdoc />
    public Tensor Accumulate(IReadOnlyList<TrainingRun> runs, int step, CancellationToken cancellation)
    {
        PreparedRun run = runs.Single().Run;
        using IDisposable scope = NewDisposeScope();
        using WindowPass pass = WindowPass.Split(run.Window(step), int.MaxValue, run.Spec.LossWeighting, run.Device).Single();
        Tensor hidden_BTD = run.Model.Hidden(pass.Ids_BT, ForwardPass.Plain);
        Tensor hidden_ND = hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.TargetPositions_N);
        Tensor loss = functional.cross_entropy(run.Model.Logits(hidden_ND), pass.TargetIds_N, reduction: Reduction.None).mul(pass.Weights_N).sum();
        loss.backward();
        return loss.detach().to(float64).reshape(1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public void Dispose()
    {
    }
}
