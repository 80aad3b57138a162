using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Models.Catalog;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>Hashes of a model folder's files.</summary>
public static class ModelHashes
{
    /// <summary>Reads every byte of the weights: a second or two for each gigabyte. Safe beside a load of the same files.</summary>
    /// <param name="model">The model, whose configuration has been read.</param>
    /// <param name="weights">Files of its weights.</param>
    /// <param name="tokenizerSha256">Hash of its tokenizer, which has been read.</param>
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
