namespace LoraLab.Training.Models.Weights;

/// <summary>Tensor names of a Llama checkpoint in Hugging Face format.</summary>
public static class CheckpointNames
{
    /// <summary>Suffix of the tensor name of a module's weight.</summary>
    public const string WeightSuffix = ".weight";

    /// <summary>Token embedding.</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>Norm after the last block.</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>Untied output head.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>Full name of a module of block <paramref name="layer"/>.</summary>
    public static string InBlock(int layer, string path) => $"model.layers.{layer}.{path}";

    /// <summary>
    /// True for buffers that older exporters saved along with the weights and that are computed here.
    /// </summary>
    public static bool IsDerivedBuffer(string name) => name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);
}
