using LoraLab.Contracts.Catalog;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models.Catalog;

/// <summary>Says what a model folder holds and whether runs can use it, from names, sizes and the configuration alone.</summary>
internal static class ModelFolder
{
    private const string TokenizerFile = "tokenizer.model";

    /// <summary>What a list shows of it, and where runs can use it what they need.</summary>
    public static (ModelEntry Entry, ResolvedModel? Model) Describe(string name, string folder)
    {
        LlamaConfig config;
        string sha256;
        try
        {
            config = LlamaConfig.Read(folder, out sha256);
        }
        catch (RunFailure problem)
        {
            return (new ModelEntry { Name = name, Problem = problem.Message }, null);
        }

        string[] weights = Weights(folder);
        string? problemOfFiles = Problem(folder, weights);
        ModelEntry entry = new()
        {
            Name = name,
            Usable = problemOfFiles is null,
            Problem = problemOfFiles,
            Parameters = config.ParameterCount,
            Layers = config.Layers,
            HiddenSize = config.HiddenSize,
            VocabularySize = config.VocabularySize,
            ContextLength = config.ContextLength,
            WeightBytes = weights.Sum(Bytes),
            LinearModules = [.. config.BlockLinears.Select(linear => linear.Name)],
        };
        return (entry, entry.Usable ? new ResolvedModel(name, folder, config, sha256) : null);
    }

    /// <summary>The files that a run reads, as they are now.</summary>
    public static IReadOnlyList<FileStamp> Stamps(string folder) => FileStamp.Of(
        folder, [LlamaConfig.FileName, TokenizerFile, CheckpointWeights.IndexFile, .. Weights(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]);

    private static string[] Weights(string folder) => Directory.GetFiles(folder, "model*.safetensors");

    private static string? Problem(string folder, string[] weights)
    {
        if (weights.Length == 0)
        {
            return $"It has no weights ({CheckpointWeights.SingleFile}).";
        }

        if (Array.Find(weights, path => Bytes(path) == 0) is string empty)
        {
            return $"Its {Path.GetFileName(empty)} is empty or a broken link.";
        }

        if (!File.Exists(Path.Combine(folder, TokenizerFile)))
        {
            return File.Exists(Path.Combine(folder, "tokenizer.json"))
                ? "It has only a tokenizer.json; LoraLab reads SentencePiece models, so a tokenizer.model is needed."
                : "It has no tokenizer.model.";
        }

        return null;
    }

    private static long Bytes(string path) => Math.Max(0, FileStamp.Of(path).Bytes);
}
