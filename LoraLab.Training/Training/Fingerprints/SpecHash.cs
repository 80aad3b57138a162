using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Files;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>Hash of what a specification computes, without its description.</summary>
public static class SpecHash
{
    /// <summary>Hashes the JSON of a complete specification without name, notes, tags and priority.</summary>
    public static string Of(RunSpec spec)
    {
        using Sha256Hash hash = new();
        return hash.Add(JsonSerializer.Serialize(spec with { Name = null, Notes = null, Tags = [], Priority = 0 }, ContractJson.Options))
            .Hex();
    }
}
