using System.Text.Json;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files;

namespace LoraLab.Training.Specs;

/// <summary>The aliases of a server's adapters, from the file that it keeps in its data directory for commands without a server.</summary>
internal static class AdapterAliases
{
    /// <summary>Returns the id of the run to which an alias refers; null: there is no such alias.</summary>
    public static string? Find(string dataDirectory, string alias)
    {
        string path = Path.Combine(dataDirectory, AdapterReference.AliasFile);
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize<Dictionary<string, string>>(JsonFile.Read(path).Span)?.GetValueOrDefault(alias)
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // The server writes it anew with the next alias.
        }
    }
}
