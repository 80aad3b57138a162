namespace LoraLab.Training.Models.Blocks;

/// <summary>
/// Linear layers of a block that read the same tensor, in the order of the forward pass. The backward pass goes through the groups in
/// reverse and ends at the lowest one that has an adapter.
/// </summary>
public enum LinearGroup
{
    /// <summary>Read the normalized input of the block.</summary>
    QueryKeyValue,

    /// <summary>Reads the output of attention.</summary>
    Output,

    /// <summary>Read the normalized residual stream between attention and MLP.</summary>
    GateUp,

    /// <summary>Reads the gated product.</summary>
    Down,
}
