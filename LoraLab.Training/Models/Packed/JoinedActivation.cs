namespace LoraLab.Training.Models.Packed;

/// <summary>
/// What a joined block saves for its backward pass. The value is the tensor's place in the list that the kernels return
/// (<c>joined.torchscript</c>, which uses these names).
/// </summary>
internal enum JoinedActivation
{
    /// <summary>The output of the block, which is the input of the next one, [T, D].</summary>
    Output,

    /// <summary>Concatenated queries, keys and values, rotated, [T, N + 2K, H].</summary>
    Qkv,

    /// <summary>Output of attention, [T, N·H].</summary>
    Attention,

    /// <summary>Residual stream between attention and MLP, [T, D].</summary>
    Middle,

    /// <summary>Outputs of the gate and of up, [T, 2F].</summary>
    GateUp,

    /// <summary>Inverse root mean squares of the input of attention, [T, 1].</summary>
    InverseRmsAttention,

    /// <summary>Inverse root mean squares of the input of the MLP, [T, 1].</summary>
    InverseRmsMlp,

    /// <summary>x·Aᵀ of the adapters of queries, keys and values, [T, Σr]; empty without an adapter.</summary>
    BranchQueryKeyValue,

    /// <summary>The same of the output.</summary>
    BranchOutput,

    /// <summary>The same of gate and up.</summary>
    BranchGateUp,

    /// <summary>The same of down.</summary>
    BranchDown,

    /// <summary>Queries and keys before their norm, [T, N + K, H]; empty if they have none.</summary>
    PlainQueryKey,

    /// <summary>Inverse root mean squares of the heads of queries and keys, [T, N + K, 1]; empty if they have no norm.</summary>
    InverseRmsHeads,
}
