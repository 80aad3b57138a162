using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// Compares the headers of a checkpoint with its configuration: names, shapes and dtypes, no values, except those of a head that should be
/// the embedding.
/// </summary>
public static class CheckpointCheck
{
    private static readonly string[] _quantized =
    [
        ".qweight", ".qzeros", ".scales", ".g_idx", ".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", ".SCB",
        ".weight_format", ".weight_scale",
        ".weight_scale_inv", ".input_scale", ".weight_packed", ".weight_shape", ".weight_zero_point", ".weight_scale_2",
        ".biases", ".zeros", ".codebooks", ".codes",
    ];

    /// <summary>Requires that the tensors are exactly those of the configuration.</summary>
    /// <exception cref="RunFailure">
    /// A tensor is missing, unexpected, quantized or of another shape or dtype, or the file has a head of its own although the
    /// configuration ties it; field <c>model</c>.
    /// </exception>
    public static void Require(CheckpointWeights weights, LlamaConfig config)
    {
        RequireUnquantized(weights);
        if (config.TiedHead && !weights.Has(CheckpointNames.Embedding) && weights.Has(CheckpointNames.Head))
        {
            weights.AddName(CheckpointNames.Embedding, CheckpointNames.Head);
        }

        HashSet<string> unused = [.. weights.Names];
        foreach ((string name, long[] shape) in CheckpointShapes.Of(config))
        {
            RequireTensor(weights, unused.Remove(name), name, shape);
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

    private static void RequireTensor(CheckpointWeights weights, bool exists, string name, long[] shape)
    {
        if (!exists)
        {
            throw RunFailure.BadData(
                $"Tensor '{name}' is missing from the weights in {weights.Folder}; {Remedy(weights, name)}.", "model");
        }

        IReadOnlyList<long> found = weights.Shape(name);
        if (!found.SequenceEqual(shape))
        {
            throw RunFailure.BadData(
                $"Tensor '{name}' in {weights.Folder} has shape [{string.Join(", ", found)}], "
                    + $"but config.json requires [{string.Join(", ", shape)}].",
                "model");
        }

        StoredTensor stored = weights.Find(name);
        _ = stored.File.FloatEntry(stored.Name);
    }

    private static string Remedy(CheckpointWeights weights, string name)
    {
        if (name == CheckpointNames.Head)
        {
            return "if the head is the embedding, set tie_word_embeddings to true in config.json";
        }

        string? like = weights.Names.FirstOrDefault(other => other.EndsWith("." + name, StringComparison.Ordinal)
            || name.EndsWith("." + other, StringComparison.Ordinal));
        return weights.Has("tok_embeddings.weight") ? "the file has the names of Meta's own format; use the model in Hugging Face's"
            : like is not null ? $"it may be '{Excerpt.Of(like)}'; rename the tensors as Hugging Face has them"
            : "download the model again";
    }

    private static void RequireUnquantized(CheckpointWeights weights)
    {
        foreach (string name in weights.Names)
        {
            string dtype = weights.Dtype(name);
            bool marked = Array.Exists(_quantized, end => name.EndsWith(end, StringComparison.Ordinal))
                || name.Contains(".quant_state.", StringComparison.Ordinal);
            bool packed = name.EndsWith("_proj.weight", StringComparison.Ordinal)
                && (dtype is "U8" or "I8" or "U32" or "I32" or "F4" || dtype.StartsWith("F8", StringComparison.Ordinal));
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
