using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// Compares the headers of a checkpoint with its configuration: names, shapes and dtypes, no values, except those of a head that should be
/// the embedding.
/// </summary>
public static class CheckpointCheck
{
    // Parts of the last parts of the names that quantizers give to what stands beside or instead of a weight.
    private static readonly string[] _quantized =
    [
        "qweight", "q_weight", "q_perm", "q_invperm", "q_groups", "quant", "scale", "zero", "absmax", "packed", "codebook", "codes",
        "blocks", "weight_format", "weight_shape", "g_idx", "SCB", "W_q", "Qidxs", "biases",
    ];

    /// <summary>Requires that the tensors are exactly those of the configuration.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, quantized or of another shape or dtype, or the file has a head of its own although the
    /// configuration ties it; field <c>model</c>.
    /// </exception>
    public static void Require(CheckpointWeights weights, LlamaConfig config)
    {
        HashSet<string> expected = [.. CheckpointShapes.Of(config).Select(weight => weight.Name)];
        StoredNf4? nf4 = config.InFourBits ? new(weights) : null;
        if (nf4 is null)
        {
            RequireUnquantized(weights, expected);
        }

        if (config.TiedHead && !weights.Has(CheckpointNames.Embedding) && weights.Has(CheckpointNames.Head))
        {
            weights.AddName(CheckpointNames.Embedding, CheckpointNames.Head);
        }

        string[] names = [.. weights.Names.Where(name => nf4 is null || !StoredNf4.IsPart(name))];
        string[] unknown = [.. names.Where(name => !expected.Contains(name)).Order(StringComparer.Ordinal)];
        HashSet<string> unused = [.. names];
        foreach ((string name, long[] shape) in CheckpointShapes.Of(config))
        {
            bool exists = unused.Remove(name);
            if (exists && nf4 is not null && CheckpointNames.IsLinear(name, shape))
            {
                nf4.Require(name, shape);
            }
            else
            {
                RequireTensor(weights, exists, name, shape, unknown);
            }
        }

        if (config.TiedHead && unused.Remove(CheckpointNames.Head))
        {
            RequireTiedHead(weights);
        }

        if (unused.Count > 0)
        {
            string first = unused.Order(StringComparer.Ordinal).First();
            throw RunFailure.BadData(
                $"Tensor '{Excerpt.Of(weights.StoredName(first))}' in {weights.Folder} is not part of a Llama model with "
                    + $"{config.Layers} layers ({unused.Count} unexpected tensors); use weights that belong to config.json.",
                "model");
        }
    }

    private static void RequireTensor(CheckpointWeights weights, bool exists, string name, long[] shape, string[] unknown)
    {
        if (!exists)
        {
            throw RunFailure.BadData(
                $"Tensor '{name}' is missing from the weights in {weights.Folder}; {Remedy(weights, unknown, name, shape)}.", "model");
        }

        IReadOnlyList<long> found = weights.Shape(name);
        if (!found.SequenceEqual(shape))
        {
            throw RunFailure.BadData(
                $"Tensor '{name}' in {weights.Folder} has shape [{string.Join(", ", found)}], "
                    + $"but config.json requires [{string.Join(", ", shape)}]; use weights that belong to config.json.",
                "model");
        }

        StoredTensor stored = weights.Find(name);
        _ = stored.File.FloatEntry(stored.Name);
    }

    private static string Remedy(CheckpointWeights weights, string[] unknown, string name, long[] shape)
    {
        if (name == CheckpointNames.Head)
        {
            return Array.Find(unknown, other => weights.Shape(other).SequenceEqual(shape)) is string head
                ? $"it may be '{Excerpt.Of(weights.StoredName(head))}', which has its shape; rename it to {CheckpointNames.Head}"
                : "if the head is the embedding, set tie_word_embeddings to true in config.json";
        }

        string? adapter = Array.Find(unknown, other => other.Contains(".base_layer.", StringComparison.Ordinal)
            || other.Contains(".lora_", StringComparison.Ordinal));
        string? like = Array.Find(unknown, other => other.EndsWith("." + name, StringComparison.Ordinal)
            || name.EndsWith("." + other, StringComparison.Ordinal));
        return weights.Has("tok_embeddings.weight") ? "the file has the names of Meta's own format; use the model in Hugging Face's"
            : weights.Has("token_embd.weight") ? "the file has the names of GGUF; use the model in Hugging Face's format"
            : adapter is not null
                ? $"the file has an adapter that is not merged ('{Shown(adapter)}'); merge it first (merge_and_unload in PEFT)"
            : like is not null ? $"it may be '{Shown(like)}'; rename the tensors as Hugging Face has them"
            : unknown.Length > 0 ? $"the file has others instead ({unknown.Length}, such as '{Shown(unknown[0])}'), so that it has another "
                + "architecture or other names; use weights that belong to config.json"
            : "download the model again";

        string Shown(string other) => Excerpt.Of(weights.StoredName(other));
    }

    private static void RequireUnquantized(CheckpointWeights weights, HashSet<string> expected)
    {
        foreach (string name in weights.Names)
        {
            string dtype = weights.Dtype(name);
            string last = name[(name.LastIndexOf('.') + 1)..];
            bool marked = !expected.Contains(name) && (name.Contains(".quant_state.", StringComparison.Ordinal)
                || Array.Exists(_quantized, part => last.Contains(part, StringComparison.Ordinal)));
            bool packed = expected.Contains(name) && weights.Shape(name).Count > 1 && !NonFinite.IsFloat(dtype);
            if (marked || packed)
            {
                throw RunFailure.BadData(
                    $"The weights in {weights.Folder} are quantized (tensor '{Excerpt.Of(name)}' of dtype {dtype}), but LoraLab trains on "
                        + "unquantized weights; use the model from which they were quantized.",
                    "model");
            }
        }
    }

    private static void RequireTiedHead(CheckpointWeights weights)
    {
        (StoredTensor head, StoredTensor embedding) = (weights.Find(CheckpointNames.Head), weights.Find(CheckpointNames.Embedding));
        if (head != embedding && !SafetensorsFile.SameValues(head.File, head.Entry, embedding.File, embedding.Entry))
        {
            throw RunFailure.BadData(
                $"{LlamaConfig.FileName} in {weights.Folder} ties the output head to the embedding (tie_word_embeddings), but the file has "
                    + $"a head of its own, '{Excerpt.Of(head.Name)}', which differs from it; set tie_word_embeddings to "
                    + "false to use this head, or remove the tensor.",
                "model");
        }
    }
}
