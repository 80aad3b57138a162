using LoraLab.Training.Files;

namespace LoraLab.Training.Models.Weights;

/// <summary>Tensor names of a checkpoint in Hugging Face format, which all families have in common.</summary>
public static class CheckpointNames
{
    /// <summary>Suffix of the tensor name of a module's weight.</summary>
    public const string WeightSuffix = ".weight";

    /// <summary>Suffix of the tensor name of a module's bias.</summary>
    public const string BiasSuffix = ".bias";

    /// <summary>Token embedding.</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>Norm after the last block.</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>Untied output head.</summary>
    public const string Head = "lm_head.weight";

    private const string Root = "model.";
    private const string EmbeddingEnd = "embed_tokens.weight";

    // Modules that only have buffers.
    private static readonly string[] _rotary = ["rotary_emb", "rotary_pos_emb", "rope"];

    private static readonly string[] _derived =
    [
        "inv_freq", "original_inv_freq", "cos_cached", "sin_cached", "position_ids", "causal_mask", "masked_bias", "freqs_cis",
        "rope_freqs",
    ];

    private static readonly string[] _heads =
        ["lm_head.weight", "lm_head.linear.weight", "embed_out.weight", "output.weight", "output_layer.weight", "head.weight"];

    /// <summary>Full name of a module of block <paramref name="layer"/>.</summary>
    public static string InBlock(int layer, string path) => $"model.layers.{layer}.{path}";

    /// <summary>Whether a tensor with a name and shape is the weight of a linear layer of a block.</summary>
    public static bool IsLinear(string name, IReadOnlyCollection<long> shape) =>
        shape.Count == 2 && name is not (Embedding or Head) && name.EndsWith(WeightSuffix, StringComparison.Ordinal);

    /// <summary>
    /// Whether a tensor with a name and shape is the gain of a norm, which is used in fp32 whatever the precision of the weights.
    /// </summary>
    public static bool IsGain(string name, IReadOnlyCollection<long> shape) =>
        shape.Count == 1 && name.EndsWith(WeightSuffix, StringComparison.Ordinal);

    /// <summary>
    /// True for buffers that some exporters save along with the weights and that are computed here: rotary tables, masks, positions.
    /// </summary>
    public static bool IsDerivedBuffer(string name)
    {
        string plain = name.EndsWith(WeightSuffix, StringComparison.Ordinal) ? name[..^WeightSuffix.Length] : name;
        return _derived.Contains(plain[(plain.LastIndexOf('.') + 1)..]) || plain.Split('.')[..^1].Any(_rotary.Contains);
    }

    /// <summary>
    /// The names above by the names in a file. Programs that save a part or a wrapper of a model leave a prefix out or add one
    /// (<c>module.</c>, <c>model.model.</c>, <c>layers.0._fsdp_wrapped_module.</c>), and some save the head under a name of their own; the
    /// names within are the same.
    /// </summary>
    /// <param name="stored">All names of the checkpoint.</param>
    public static IEnumerable<(string Stored, string Name)> Canonical(IReadOnlyCollection<string> stored)
    {
        Dictionary<string, string> plain = stored.ToDictionary(name => name, WrapperNames.Without);
        IReadOnlyDictionary<string, string> names = WithoutPrefix([.. plain.Values.Distinct()]);
        return plain.Select(name => (name.Key, names[name.Value]));
    }

    private static Dictionary<string, string> WithoutPrefix(IReadOnlyCollection<string> names)
    {
        string? prefix = Prefix(names);
        Dictionary<string, string> canonical = new(StringComparer.Ordinal);
        if (prefix is null)
        {
            return names.ToDictionary(name => name);
        }

        foreach (string name in names)
        {
            bool inside = name.StartsWith(prefix, StringComparison.Ordinal)
                && name[prefix.Length..] is var rest
                && (rest == EmbeddingEnd || rest.StartsWith("layers.", StringComparison.Ordinal)
                    || rest.StartsWith("norm.", StringComparison.Ordinal));
            canonical[name] = inside ? Root + name[prefix.Length..] : name;
        }

        if (!names.Contains(Head) && names.Where(IsHead).Take(2).ToArray() is [string head])
        {
            canonical[head] = Head;
        }

        return canonical;
    }

    private static bool IsHead(string name) =>
        Array.Exists(_heads, head => name == head || name.EndsWith("." + head, StringComparison.Ordinal)) && !name.Contains("layers.");

    /// <summary>What stands before <c>embed_tokens</c>, or before <c>layers.0</c> without it; null: nothing that is unique.</summary>
    private static string? Prefix(IReadOnlyCollection<string> names)
    {
        const string FirstBlock = "layers.0.input_layernorm.weight";
        return Before(EmbeddingEnd) ?? Before(FirstBlock);

        string? Before(string end) =>
            names.Where(name => name == end || name.EndsWith("." + end, StringComparison.Ordinal)).Take(2).ToArray() is [string only]
                ? only[..^end.Length]
                : null;
    }
}
