using System.Text.Json;
using LoraLab.Contracts.Catalog;

namespace LoraLab.Training.Catalog;

/// <summary>Says what a model folder holds and whether runs can use it, from names, sizes and the configuration alone.</summary>
internal static class ModelFolder
{
    public const string ConfigurationFile = "config.json";

    private static readonly string[] _linearModules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    public static ModelEntry Describe(string name, string folder)
    {
        Shape shape;
        try
        {
            shape = Shape.Read(Path.Combine(folder, ConfigurationFile));
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            return new ModelEntry { Name = name, Problem = $"Its {ConfigurationFile} cannot be read: {problem.Message}" };
        }

        string[] weights = [.. Directory.EnumerateFiles(folder, "model*.safetensors")];
        string? problemOf = Problem(folder, shape, weights);
        return new ModelEntry
        {
            Name = name,
            Usable = problemOf is null,
            Problem = problemOf,
            Parameters = shape.Parameters,
            Layers = (int)shape.Layers,
            HiddenSize = (int)shape.Hidden,
            VocabularySize = (int)shape.Vocabulary,
            ContextLength = (int)shape.Context,
            WeightBytes = weights.Sum(Bytes),
            LinearModules = shape.Type == "llama" ? _linearModules : [],
        };
    }

    /// <summary>Why runs cannot use a model with this configuration, or null.</summary>
    public static string? ConfigurationProblem(string folder)
    {
        try
        {
            return Problem(Shape.Read(Path.Combine(folder, ConfigurationFile)));
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            return $"Its {ConfigurationFile} cannot be read: {problem.Message}";
        }
    }

    private static string? Problem(Shape shape) =>
        shape.Type != "llama" ? $"Its model_type is '{shape.Type}'; LoraLab trains models of type 'llama'."
        : shape.Parameters <= 0 ? $"Its {ConfigurationFile} lacks sizes of the model."
        : null;

    private static string? Problem(string folder, Shape shape, string[] weights)
    {
        if (Problem(shape) is string ofConfiguration)
        {
            return ofConfiguration;
        }

        if (weights.Length == 0)
        {
            return "It has no weights (model.safetensors).";
        }

        if (Array.Find(weights, path => Bytes(path) == 0) is string empty)
        {
            return $"Its {Path.GetFileName(empty)} is empty or a broken link.";
        }

        if (!File.Exists(Path.Combine(folder, "tokenizer.model")))
        {
            return File.Exists(Path.Combine(folder, "tokenizer.json"))
                ? "It has only a tokenizer.json; LoraLab reads SentencePiece models, so a tokenizer.model is needed."
                : "It has no tokenizer.model.";
        }

        return null;
    }

    private static long Bytes(string path)
    {
        FileInfo file = new(path);
        FileInfo target = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        return target.Exists ? target.Length : 0;
    }

    private readonly record struct Shape(string Type, long Layers, long Hidden, long Inner, long Heads, long KeyValueHeads, long HeadSize, long Vocabulary, long Context, bool Tied)
    {
        /// <summary>All parameters of a Llama without biases; 0 when a size is missing.</summary>
        public long Parameters
        {
            get
            {
                if (Layers <= 0 || Hidden <= 0 || Inner <= 0 || Heads <= 0 || KeyValueHeads <= 0 || Vocabulary <= 0)
                {
                    return 0;
                }

                long attention = (2 * Hidden * Heads * HeadSize) + (2 * Hidden * KeyValueHeads * HeadSize);
                long block = attention + (3 * Hidden * Inner) + (2 * Hidden);
                return (Layers * block) + Hidden + ((Tied ? 1 : 2) * Vocabulary * Hidden);
            }
        }

        public static Shape Read(string path)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new JsonException("it is not a JSON object");
            }

            string type = root.TryGetProperty("model_type", out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
            long hidden = Number(root, "hidden_size");
            long heads = Number(root, "num_attention_heads");
            return new Shape(
                type,
                Number(root, "num_hidden_layers"),
                hidden,
                Number(root, "intermediate_size"),
                heads,
                Number(root, "num_key_value_heads", heads),
                Number(root, "head_dim", heads > 0 ? hidden / heads : 0),
                Number(root, "vocab_size"),
                Number(root, "max_position_embeddings"),
                root.TryGetProperty("tie_word_embeddings", out JsonElement tied) && tied.ValueKind == JsonValueKind.True);
        }

        private static long Number(JsonElement root, string key, long missing = 0) =>
            root.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : missing;
    }
}
