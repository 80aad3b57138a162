using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Hub;

/// <summary>Selects the files of a model: its safetensors weights, and everything that is not a weight in another format.</summary>
internal static class ModelSelection
{
    /// <summary>Returns the files, weights last, so that an unusable model is detected before its weights download.</summary>
    /// <exception cref="RunFailure">The repository lacks a required file.</exception>
    public static IReadOnlyList<HubFile> Select(HubRepository repository, HubListing listing)
    {
        HubFile[] weights = [.. listing.Files.Where(file => IsAtRoot(file) && file.Path.StartsWith("model", StringComparison.Ordinal)
            && file.Path.EndsWith(".safetensors", StringComparison.Ordinal))];
        HubFile? single = Array.Find(weights, file => file.Path == CheckpointWeights.SingleFile);
        HashSet<string> kept = [.. ModelFiles.Kept([.. listing.Files.Select(file => file.Path)])];
        HubFile[] others =
            [.. listing.Files.Where(file => kept.Contains(file.Path) || (single is null && file.Path == CheckpointWeights.IndexFile))];
        Require(others, repository, LlamaConfig.FileName, "LoraLab cannot train it");
        if (!Array.Exists(others, file => file.Path is TokenizerFiles.Json or TokenizerFiles.Model))
        {
            throw RunFailure.BadData(
                $"'{repository}' has neither {TokenizerFiles.Json} nor {TokenizerFiles.Model}; LoraLab cannot read its tokenizer.");
        }

        if (weights.Length == 0)
        {
            throw RunFailure.BadData($"'{repository}' has no safetensors weights; LoraLab does not read other formats.");
        }

        return
        [
            // With tokenizer.json, tokenizer.model decides nothing and may be of any kind.
            .. others.OrderBy(file => file.Path != LlamaConfig.FileName).ThenBy(file => file.Path == TokenizerFiles.Model)
                .ThenBy(file => file.Size ?? 0),
            .. (single is null ? weights : [single]).OrderBy(file => file.Size ?? 0),
        ];
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
