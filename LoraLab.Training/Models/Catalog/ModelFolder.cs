using LoraLab.Contracts.Catalog;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Models.Catalog;

/// <summary>
/// Describes a model folder and checks whether it is usable: everything that would fail when a run is prepared, except the values of the
/// weights. It reads the configurations, the tokenizer and the headers of the weights.
/// </summary>
internal static class ModelFolder
{
    /// <summary>The catalog entry, and the resolved model if it is usable.</summary>
    public static (ModelEntry Entry, ResolvedModel? Model) Describe(string name, string folder)
    {
        try
        {
            return Read(name, folder);
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            // One folder must not hide the others.
            return (new ModelEntry { Name = name, Problem = $"{folder} cannot be read: {Excerpt.Of(problem.Message)}" }, null);
        }
    }

    private static (ModelEntry Entry, ResolvedModel? Model) Read(string name, string folder)
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
        List<string> warnings = [.. KeyFile.IgnoredWarning(Path.Combine(folder, LlamaConfig.FileName), config.IgnoredKeys)];
        string? fileProblem = Problem(folder, weights, config, warnings, out string? precision);
        ModelEntry entry = new()
        {
            Name = name,
            Usable = fileProblem is null,
            Problem = fileProblem,
            Family = config.Family.Name,
            Precision = precision,
            LicenseFile = License(folder),
            Parameters = config.ParameterCount,
            Layers = config.Layers,
            HiddenSize = config.HiddenSize,
            VocabularySize = config.VocabularySize,
            ContextLength = config.ContextLength,
            WeightBytes = weights.Sum(Bytes),
            LinearModules = [.. config.Block.Linears.Select(linear => linear.Name)],
        };
        return (entry, entry.Usable ? new ResolvedModel(name, folder, config, sha256) { Warnings = warnings } : null);
    }

    /// <summary>Checks the small files of an unfinished download, so that an unusable model is refused before its weights.</summary>
    /// <exception cref="RunFailure">A file that exists cannot be used.</exception>
    public static void RequireSmallFiles(string folder)
    {
        LlamaConfig? config = Exists(LlamaConfig.FileName) ? LlamaConfig.Read(folder) : null;
        _ = GenerationConfigKeys.Check(folder);
        if (TokenizerFiles.Deciding(folder) is not null)
        {
            RequireVocabulary(TokenizerFolder.Load(folder).Tokenizer, config);
        }

        bool Exists(string name) => File.Exists(Path.Combine(folder, name));
    }

    /// <summary>Current stamps of the files that a run reads.</summary>
    public static IReadOnlyList<FileStamp> Stamps(string folder) => FileStamp.Of(
        folder,
        [
            LlamaConfig.FileName, TokenizerFiles.Json, TokenizerFiles.Model, CheckpointWeights.IndexFile,
            .. Weights(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal),
        ]);

    /// <summary>Requires that every token of the model's vocabulary has an embedding, and warns of added tokens that have none.</summary>
    /// <exception cref="RunFailure">The vocabulary is larger than <c>vocab_size</c>; field <c>model</c>.</exception>
    public static IReadOnlyList<string> RequireVocabulary(ITokenizer tokenizer, LlamaConfig? config)
    {
        if (config is null || tokenizer.LastId < config.VocabularySize)
        {
            return [];
        }

        string size = $"vocab_size in {LlamaConfig.FileName} is {config.VocabularySize}";
        return tokenizer.VocabularySize <= config.VocabularySize
            ? [$"{tokenizer.FileName} has added tokens up to id {tokenizer.LastId}, but {size}; texts with those beyond are refused."]
            : throw RunFailure.BadData(
                $"{tokenizer.FileName} has {tokenizer.VocabularySize} tokens, but {size}; use the tokenizer that belongs to the model.",
                "model");
    }

    private static string[] Weights(string folder) => Directory.GetFiles(folder, "model*.safetensors");

    private static string? Problem(
        string folder, string[] weights, LlamaConfig config, List<string> warnings, out string? precision)
    {
        precision = null;
        if (Array.Find(weights, path => Bytes(path) == 0) is string empty)
        {
            return $"{Path.GetFileName(empty)} is empty or a broken link.";
        }

        try
        {
            warnings.AddRange(GenerationConfigKeys.Check(folder));
            using CheckpointWeights checkpoint = CheckpointWeights.Open(folder);
            precision = string.Join(", ", checkpoint.Names.Where(name => checkpoint.Shape(name).Count > 1).Select(checkpoint.Dtype)
                .Distinct().Order(StringComparer.Ordinal));
            CheckpointCheck.Require(checkpoint, config);
            LoadedTokenizer loaded = TokenizerFolder.Load(folder);
            warnings.AddRange([.. loaded.Warnings, .. RequireVocabulary(loaded.Tokenizer, config)]);
            return null;
        }
        catch (RunFailure problem)
        {
            return problem.Message;
        }
    }

    private static string? License(string folder) => Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path))
        .Where(name => name.StartsWith("LICENSE", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("LICENCE", StringComparison.OrdinalIgnoreCase))
        .Order(StringComparer.Ordinal).FirstOrDefault();

    private static long Bytes(string path) => Math.Max(0, FileStamp.Of(path).Bytes);
}
