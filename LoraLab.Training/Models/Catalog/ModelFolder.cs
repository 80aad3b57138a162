using LoraLab.Contracts.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models.Catalog;

/// <summary>Says what a model folder holds and whether runs can use it, from names, sizes and the configuration alone.</summary>
internal static class ModelFolder
{
    public static ModelEntry Describe(string name, string folder)
    {
        LlamaConfig config;
        try
        {
            config = LlamaConfig.Read(folder);
        }
        catch (RunFailure problem)
        {
            return new ModelEntry { Name = name, Problem = problem.Message };
        }

        string[] weights = [.. Directory.EnumerateFiles(folder, "model*.safetensors")];
        string? problemOfFiles = Problem(folder, weights);
        return new ModelEntry
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
    }

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
}
