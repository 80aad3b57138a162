using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>Hashes of a model folder's files.</summary>
public static class ModelHashes
{
    /// <summary>Reads every byte of the weights: a second or two for each gigabyte. Safe beside a load of the same files.</summary>
    public static ModelFingerprint Of(string name, string folder, LlamaConfig config)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(folder);
        return new()
        {
            Name = name,
            WeightsSha256 = OfWeights(weights.Files),
            ConfigSha256 = Sha256Hash.OfFile(Path.Combine(folder, LlamaConfig.FileName)),
            TokenizerSha256 = Sha256Hash.OfFile(Path.Combine(folder, LlamaTokenizerFile.FileName)),
            Parameters = config.ParameterCount,
        };
    }

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
