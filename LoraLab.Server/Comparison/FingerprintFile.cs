using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Comparison;

/// <summary>Reads the fingerprint of a run directory.</summary>
internal static class FingerprintFile
{
    /// <summary>The fingerprint; null if the file is missing, incomplete, damaged, or lacks a hash that paired tests require.</summary>
    public static RunFingerprint? TryRead(string path)
    {
        try
        {
            RunFingerprint? read = JsonSerializer.Deserialize<RunFingerprint>(File.ReadAllText(path), ContractJson.Options);
            // The deserializer requires the members to be present, but accepts null.
            return read is
            {
                Model: not null, Prompt: not null, Training: not null, Evaluation: not null, Adapter: not null,
                Environment: not null
            }
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
