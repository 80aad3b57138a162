using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Hub;

/// <summary>Selects the files of a model repository that a run needs.</summary>
internal static class ModelSelection
{
    private static readonly string[] _small =
    [
        LlamaConfig.FileName, "generation_config.json", "tokenizer.model", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json", CheckpointWeights.IndexFile,
    ];

    /// <summary>Returns the needed files, smallest first, so that an unusable model is detected before its weights download.</summary>
    /// <exception cref="RunFailure">The repository lacks a required file.</exception>
    public static IReadOnlyList<HubFile> Select(HubRepository repository, HubListing listing)
    {
        HubFile[] weights = [.. listing.Files.Where(file => IsAtRoot(file) && file.Path.StartsWith("model", StringComparison.Ordinal)
            && file.Path.EndsWith(".safetensors", StringComparison.Ordinal))];
        HubFile? single = Array.Find(weights, file => file.Path == CheckpointWeights.SingleFile);
        HubFile[] needed = [.. listing.Files.Where(file => _small.Contains(file.Path)), .. single is null ? weights : [single]];
        Require(needed, repository, LlamaConfig.FileName, "LoraLab cannot train it");
        Require(needed, repository, "tokenizer.model", "LoraLab needs a SentencePiece tokenizer");
        if (weights.Length == 0)
        {
            throw RunFailure.BadData($"'{repository}' has no safetensors weights; LoraLab does not read other formats.");
        }

        return [.. needed.OrderBy(file => file.Size)];
    }

    private static bool IsAtRoot(HubFile file) => file.Path.AsSpan().IndexOfAny('/', '\\', ':') < 0;

    private static void Require(HubFile[] files, HubRepository repository, string name, string reason)
    {
        if (!Array.Exists(files, file => file.Path == name))
        {
            throw RunFailure.BadData($"'{repository}' has no {name}; {reason}.");
        }
    }
}
