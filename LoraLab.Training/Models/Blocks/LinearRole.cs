namespace LoraLab.Training.Models.Blocks;

/// <summary>
/// What a linear layer of a block computes, in the order of the forward pass. The value is its place in the arguments of the kernels
/// (<c>Models/Packed/llama.torchscript</c>, which uses these names).
/// </summary>
public enum LinearRole
{
    /// <summary>Queries.</summary>
    Query,

    /// <summary>Keys.</summary>
    Key,

    /// <summary>Values.</summary>
    Value,

    /// <summary>From the heads' outputs back to the residual stream.</summary>
    Output,

    /// <summary>The gate of the MLP, to which the activation function is applied.</summary>
    Gate,

    /// <summary>The other factor of the gated product.</summary>
    Up,

    /// <summary>From the gated product back to the residual stream.</summary>
    Down,
}
