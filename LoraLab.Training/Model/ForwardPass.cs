using LoraLab.Training.Adapters;

namespace LoraLab.Training.Model;

/// <summary>What a forward pass carries besides its input: how to stop it, and the dropout masks while training.</summary>
/// <param name="Cancellation">Polled between layers, so that a cancel does not wait for a whole pass.</param>
/// <param name="Dropout">Source of dropout masks; null: no dropout (evaluation, or a rate of 0).</param>
public sealed record ForwardPass(CancellationToken Cancellation = default, DropoutMasks? Dropout = null)
{
    /// <summary>Evaluation that cannot be cancelled.</summary>
    public static ForwardPass Plain { get; } = new();
}
