using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Hub;

/// <summary>Which files of a model's repository a run needs.</summary>
internal static class ModelFiles
{
    private static readonly string[] _small =
    [
        LlamaConfig.FileName, "generation_config.json", "tokenizer.model", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json", CheckpointWeights.IndexFile,
    ];

    /// <summary>The needed files, the smallest first, so that a model that cannot be used is found out before its weights come.</summary>
    /// <exception cref="RunFailure">The repository lacks a file that a run cannot do without.</exception>
    public static IReadOnlyList<HubFile> Choose(HubRepository repository, HubListing listing)
    {
        HubFile[] weights = [.. listing.Files.Where(file => IsAtRoot(file) && file.Path.StartsWith("model", StringComparison.Ordinal) && file.Path.EndsWith(".safetensors", StringComparison.Ordinal))];
        HubFile? whole = Array.Find(weights, file => file.Path == CheckpointWeights.SingleFile);
        HubFile[] needed = [.. listing.Files.Where(file => _small.Contains(file.Path)), .. whole is null ? weights : [whole]];
        Require(needed, repository, LlamaConfig.FileName, "it is not a model that LoraLab can train");
        Require(needed, repository, "tokenizer.model", "LoraLab reads SentencePiece models");
        if (weights.Length == 0)
        {
            throw RunFailure.BadData($"'{repository}' has no safetensors weights; LoraLab reads no other kind.");
        }

        return [.. needed.OrderBy(file => file.Size)];
    }

    private static bool IsAtRoot(HubFile file) => file.Path.AsSpan().IndexOfAny('/', '\\', ':') < 0;

    private static void Require(HubFile[] files, HubRepository repository, string name, string why)
    {
        if (!Array.Exists(files, file => file.Path == name))
        {
            throw RunFailure.BadData($"'{repository}' has no {name}; {why}.");
        }
    }
}
