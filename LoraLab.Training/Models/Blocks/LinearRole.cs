namespace LoraLab.Training.Models.Blocks;

/// <summary>
/// What a linear layer of a block computes, in the order of the forward pass. The value is its place in the arguments of the kernels
/// (<c>Models/Packed/llama.torchscript</c>, which uses these names). A block has either the fused layer or its parts.
/// </summary>
public enum LinearRole
{
    /// <summary>Queries, keys and values in one matrix, in this order.</summary>
    QueryKeyValue,

    /// <summary>Queries.</summary>
    Query,

    /// <summary>Keys.</summary>
    Key,

    /// <summary>Values.</summary>
    Value,

    /// <summary>From the heads' outputs back to the residual stream.</summary>
    Output,

    /// <summary>Gate and up in one matrix, in this order.</summary>
    GateUp,

    /// <summary>The gate of the MLP, to which the activation function is applied.</summary>
    Gate,

    /// <summary>The other factor of the gated product.</summary>
    Up,

    /// <summary>From the gated product back to the residual stream.</summary>
    Down,
}
