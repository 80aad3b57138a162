namespace LoraLab.Training.Models.Weights;

/// <summary>Tensor names of a Llama checkpoint in Hugging Face format.</summary>
public static class CheckpointNames
{
    /// <summary>Suffix of a linear layer's tensor name.</summary>
    public const string WeightSuffix = ".weight";

    /// <summary>Token embedding.</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>Norm after the last block.</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>Untied output head.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>Norm before attention of a block.</summary>
    public static string AttentionNorm(int layer) => $"model.layers.{layer}.input_layernorm.weight";

    /// <summary>Norm before the MLP of a block.</summary>
    public static string MlpNorm(int layer) => $"model.layers.{layer}.post_attention_layernorm.weight";

    /// <summary>
    /// True for buffers that older exporters saved along with the weights and that are computed here.
    /// </summary>
    public static bool IsDerivedBuffer(string name) => name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);
}
