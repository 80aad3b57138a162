using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>Bytes of a training pass.</summary>
/// <param name="Pass">The pass.</param>
/// <param name="Saved">Activations that all blocks save for the backward pass.</param>
/// <param name="Block">Workspace of one block in the forward or backward pass, whichever is larger.</param>
/// <param name="Head">Workspace of the loss.</param>
public sealed record TrainingMemory(PassShape Pass, double Saved, double Block, double Head)
{
    /// <summary>Peak of the pass.</summary>
    public double Peak => Saved + Math.Max(Block, Head);
}
