using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Models.Catalog;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>Hashes the files of a model.</summary>
public static class ModelHashes
{
    /// <summary>Hashes the weights, which takes one or two seconds per GB. Safe while the same files are loaded.</summary>
    /// <param name="model">The model with its configuration.</param>
    /// <param name="weights">Weight files.</param>
    /// <param name="tokenizerSha256">SHA-256 of its tokenizer.</param>
    public static ModelFingerprint Of(ResolvedModel model, IReadOnlyList<string> weights, string tokenizerSha256) => new()
    {
        Name = model.Name,
        WeightsSha256 = OfWeights(weights),
        ConfigSha256 = model.ConfigSha256,
        TokenizerSha256 = tokenizerSha256,
        Parameters = model.Config.ParameterCount,
    };

    private static string OfWeights(IReadOnlyList<string> files)
    {
        if (files.Count == 1)
        {
            return Sha256Hash.OfFile(files[0]);
        }

        using Sha256Hash hash = new();
        foreach (string file in files)
        {
            hash.Add(Sha256Hash.OfFile(file));
        }

        return hash.Hex();
    }
}
