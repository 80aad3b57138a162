using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models.Blocks;

/// <summary>A linear layer of a block.</summary>
/// <param name="Role">What it computes.</param>
/// <param name="Path">Module name within the block in a Hugging Face checkpoint, for example <c>self_attn.q_proj</c>.</param>
/// <param name="Group">The group that reads the same input.</param>
/// <param name="Out">Output width.</param>
/// <param name="In">Input width.</param>
/// <param name="Bias">Whether it has a bias.</param>
public sealed record BlockLinear(LinearRole Role, string Path, LinearGroup Group, int Out, int In, bool Bias = false)
    : LinearShape(Path[(Path.LastIndexOf('.') + 1)..], Out, In)
{
    /// <summary>
    /// Whether attention needs its output at every row, even if only some rows of the block's output are needed, as in the last block of an
    /// evaluation.
    /// </summary>
    public bool EveryRow => Role is LinearRole.Key or LinearRole.Value or LinearRole.QueryKeyValue;

    /// <summary>Full module name in block <paramref name="layer"/>.</summary>
    public string ModuleName(int layer) => CheckpointNames.InBlock(layer, Path);

    /// <summary>Checkpoint name and shape of its weight and, if it has one, its bias.</summary>
    public IEnumerable<(string Name, long[] Shape)> Weights(int layer) => Bias
        ? [(ModuleName(layer) + CheckpointNames.WeightSuffix, [Out, In]), (ModuleName(layer) + CheckpointNames.BiasSuffix, [Out])]
        : [(ModuleName(layer) + CheckpointNames.WeightSuffix, [Out, In])];
}
