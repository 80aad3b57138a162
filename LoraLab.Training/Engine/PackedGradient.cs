using LoraLab.Training.Adapters;
using LoraLab.Training.Kernels;
using LoraLab.Training.Packing;
using static TorchSharp.torch;

namespace LoraLab.Training.Engine;

/// <summary>The gradient of a window in packed passes with hand-derived gradients; usually one pass.</summary>
/// <param name="passes">The packed windows of the run, which all runs of a gang share.</param>
/// <param name="models">The model with the runs' adapters.</param>
public sealed class PackedGradient(TrainingPasses passes, PackedModels models) : IWindowGradient
{
    private double[] _scales = [];
    private Tensor? _lossScale;

    /// <inheritdoc />
    public Tensor Accumulate(IReadOnlyList<TrainingRun> runs, int step, CancellationToken cancellation)
    {
        PackedLlama model = models.Of(runs);
        Tensor? lossScale = LossScale(runs);
        using IDisposable scope = NewDisposeScope();
        Tensor? loss = null;
        foreach (TrainingPass pass in passes.Of(step))
        {
            Tensor passLoss = model.Gradient(pass, lossScale, Masks(runs, step, pass), cancellation);
            loss = loss is null ? passLoss : loss.add_(passLoss);
        }

        return loss!.MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public void Dispose() => _lossScale?.Dispose();

    // A transfer to the device, so only when a scale changed.
    private Tensor? LossScale(IReadOnlyList<TrainingRun> runs)
    {
        if (!runs[0].Scaler.Active)
        {
            return null;
        }

        double[] scales = [.. runs.Select(run => run.Scaler.Scale)];
        if (!scales.SequenceEqual(_scales))
        {
            _lossScale?.Dispose();
            _lossScale = tensor(scales, dtype: float32, device: runs[0].Run.Device).DetachFromDisposeScope();
            _scales = scales;
        }

        return _lossScale;
    }

    private static List<DropoutMasks>? Masks(IReadOnlyList<TrainingRun> runs, int step, TrainingPass pass) =>
        runs[0].Run.Spec.Dropout == 0 ? null : [.. runs.Select(run => LiteralGradient.Masks(run.Run, step, pass.Examples)!)];
}
