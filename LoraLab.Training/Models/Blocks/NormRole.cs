namespace LoraLab.Training.Models.Blocks;

/// <summary>
/// What a norm of a block normalizes, in the order of the forward pass. The value is its place in the arguments of the kernels, after the
/// linear layers. Every block has those of the inputs; a family says which others.
/// </summary>
public enum NormRole
{
    /// <summary>The input of attention.</summary>
    Attention,

    /// <summary>Each head of the queries, before rotation; only together with <see cref="Key"/>.</summary>
    Query,

    /// <summary>Each head of the keys, before rotation.</summary>
    Key,

    /// <summary>The output of attention, before it is added to the residual stream.</summary>
    AttentionOutput,

    /// <summary>The input of the MLP.</summary>
    Mlp,

    /// <summary>The output of the MLP, before it is added to the residual stream.</summary>
    MlpOutput,
}
