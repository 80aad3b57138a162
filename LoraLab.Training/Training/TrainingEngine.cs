using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training.Gradients;

namespace LoraLab.Training.Training;

/// <summary>What computes the steps of a run: its packed windows, the kernels over its model, and their gradient.</summary>
public sealed class TrainingEngine : IDisposable
{
    /// <summary>Creates the engine of a run whose parameters have their gradients assigned (<see cref="TrainingProgress"/>).</summary>
    public TrainingEngine(PreparedRun run)
    {
        Model = new(run.Model) { Recompute = run.Spec.Recompute == Recompute.Blocks };
        Passes = PackingRule.UsesReferencePath(run.Spec)
            ? null
            : new(run.Schedule, run.Train, run.Limits, run.Spec.LossWeighting, run.Model.Config, run.Device);
        Gradient = Passes is null ? new ReferenceGradient(run) : new PackedGradient(run, Passes, Model);
    }

    /// <summary>The kernels over the model and its adapters.</summary>
    public PackedLlama Model { get; }

    /// <summary>The packed windows; null on the reference path.</summary>
    public TrainingPasses? Passes { get; }

    /// <summary>Computes the gradients of the windows.</summary>
    public IWindowGradient Gradient { get; }

    /// <summary>Tokens of the largest pass; null on the reference path, whose passes cannot be smaller.</summary>
    public int? LargestPass => Passes?.Windows.SelectMany(window => window).Max(pass => pass.Layout.Rows);

    /// <inheritdoc />
    public void Dispose()
    {
        Passes?.Dispose();
        Model.Dispose();
    }
}
