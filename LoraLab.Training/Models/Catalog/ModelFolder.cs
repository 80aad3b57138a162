using LoraLab.Contracts.Catalog;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models.Catalog;

/// <summary>Describes a model folder and checks whether it is usable, from file names, sizes and the configuration only.</summary>
internal static class ModelFolder
{
    /// <summary>The catalog entry, and the resolved model if it is usable.</summary>
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
        string? fileProblem = Problem(folder, weights);
        ModelEntry entry = new()
        {
            Name = name,
            Usable = fileProblem is null,
            Problem = fileProblem,
            Parameters = config.ParameterCount,
            Layers = config.Layers,
            HiddenSize = config.HiddenSize,
            VocabularySize = config.VocabularySize,
            ContextLength = config.ContextLength,
            WeightBytes = weights.Sum(Bytes),
            LinearModules = [.. config.Block.Linears.Select(linear => linear.Name)],
        };
        return (entry, entry.Usable ? new ResolvedModel(name, folder, config, sha256) : null);
    }

    /// <summary>Current stamps of the files that a run reads.</summary>
    public static IReadOnlyList<FileStamp> Stamps(string folder) => FileStamp.Of(
        folder, [LlamaConfig.FileName, TokenizerModelFile.Name, CheckpointWeights.IndexFile, .. Weights(folder)
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]);

    private static string[] Weights(string folder) => Directory.GetFiles(folder, "model*.safetensors");

    private static string? Problem(string folder, string[] weights)
    {
        if (weights.Length == 0)
        {
            return $"The folder has no weights ({CheckpointWeights.SingleFile}).";
        }

        if (Array.Find(weights, path => Bytes(path) == 0) is string empty)
        {
            return $"{Path.GetFileName(empty)} is empty or a broken link.";
        }

        return File.Exists(Path.Combine(folder, TokenizerModelFile.Name))
            ? null
            : $"The folder {TokenizerModelFile.MissingMessage(folder)}.";
    }

    private static long Bytes(string path) => Math.Max(0, FileStamp.Of(path).Bytes);
}
