using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Training.Gradients;

/// <summary>Computes a window's gradient in packed passes, usually one, with hand-derived backward passes.</summary>
/// <param name="run">The run.</param>
/// <param name="passes">Its packed windows.</param>
/// <param name="model">The kernels over its model and adapters.</param>
public sealed class PackedGradient(PreparedRun run, TrainingPasses passes, PackedLlama model) : IWindowGradient
{
    /// <inheritdoc />
    public Tensor Accumulate(int step, double lossScale, CancellationToken cancellation)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor? loss = null;
        model.BeginWindow();
        foreach (TrainingPass pass in passes.Of(step))
        {
            Tensor passLoss = model.Gradient(pass, lossScale, ReferenceGradient.Masks(run, step, pass.Examples), cancellation);
            loss = loss is null ? passLoss : loss.PlusInPlace(passLoss);
        }

        model.EndWindow();
        return loss!.MoveToOuterDisposeScope();
    }
}
