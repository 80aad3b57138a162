using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>The fingerprint that a worker wrote into the run directory.</summary>
internal static class FingerprintFile
{
    /// <summary>The fingerprint; null where the file is missing, half written, damaged, or lacks what two runs are told apart by.</summary>
    public static RunFingerprint? TryRead(string path)
    {
        try
        {
            RunFingerprint? read = JsonSerializer.Deserialize<RunFingerprint>(File.ReadAllText(path), ContractJson.Options);
            // The reader insists on members, not on values: null is a value to it.
            return read is { Model: not null, Prompt: not null, Training: not null, Evaluation: not null, Adapter: not null, Environment: not null }
                && Requirement.All.All(requirement => !string.IsNullOrEmpty(requirement.Read(read)))
                    ? read
                    : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            return null;
        }
    }
}
