using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>Bytes of a training pass.</summary>
/// <param name="Pass">The pass.</param>
/// <param name="Kept">What all blocks keep for the way back.</param>
/// <param name="Block">What one block holds beside that, on the way forward or back, whichever is more.</param>
/// <param name="Head">What the loss holds beside that.</param>
public sealed record TrainingMemory(PassShape Pass, double Kept, double Block, double Head)
{
    /// <summary>The pass's peak.</summary>
    public double Peak => Kept + Math.Max(Block, Head);
}
