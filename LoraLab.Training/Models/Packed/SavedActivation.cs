namespace LoraLab.Training.Models.Packed;

/// <summary>
/// What a block saves for its backward pass. The value is the tensor's place in the list that the kernels return (<c>llama.torchscript</c>,
/// which uses these names).
/// </summary>
internal enum SavedActivation
{
    /// <summary>The output of the block, which is the input of the next one, [T, D].</summary>
    Output,

    /// <summary>Concatenated queries, keys and values, rotated, [T, N + 2K, H].</summary>
    Qkv,

    /// <summary>Queries and keys before their norms, [T, N + K, H]; empty if they have none.</summary>
    PlainQueryKey,

    /// <summary>Output of attention, [T, N·H].</summary>
    Attention,

    /// <summary>Log-sum-exps of the attention scores; empty where attention does not need them.</summary>
    LogSumExp,

    /// <summary>Projected output of attention before its norm, [T, D]; empty if it has none.</summary>
    AttentionOutput,

    /// <summary>Residual stream between attention and MLP, [T, D].</summary>
    Middle,

    /// <summary>Output of the gate, [T, F].</summary>
    Gate,

    /// <summary>Output of up, [T, F].</summary>
    Up,

    /// <summary>Output of the MLP before its norm, [T, D]; empty if it has none.</summary>
    MlpOutput,

    /// <summary>Concatenated s·x·Aᵀ of all adapters, with an output scale also the output before it; absent without an adapter.</summary>
    Branches,
}
