namespace LoraLab.Training.Models.Blocks;

/// <summary>
/// What a norm of a block normalizes, in the order of the forward pass. The value is its place in the arguments of the kernels, after the
/// linear layers.
/// </summary>
public enum NormRole
{
    /// <summary>The input of attention.</summary>
    Attention,

    /// <summary>The input of the MLP.</summary>
    Mlp,
}
