using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models.Blocks;

/// <summary>A norm of a block.</summary>
/// <param name="Role">What it normalizes.</param>
/// <param name="Path">Module name within the block in a Hugging Face checkpoint.</param>
/// <param name="Width">Number of gains.</param>
public sealed record BlockNorm(NormRole Role, string Path, int Width)
{
    /// <summary>Full module name in block <paramref name="layer"/>.</summary>
    public string ModuleName(int layer) => CheckpointNames.InBlock(layer, Path);
}
