using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;

namespace LoraLab.Training.Specs;

/// <summary>The run that trained an adapter: its specification as used, from the files beside the weights.</summary>
public static class AdapterOrigin
{
    /// <summary>Returns the specification of the run that trained the adapter in a folder; null: no run of LoraLab did.</summary>
    public static RunSpec? Spec(string adapterFolder) =>
        Read(Path.Combine(adapterFolder, PeftFiles.Metadata), json => (json as JsonObject)?["spec"])
        ?? Read(InRun(adapterFolder, RunFiles.Spec), json => json);

    /// <summary>Returns the fingerprint of the run in whose directory the adapter lies; null: it lies elsewhere, or has none.</summary>
    public static RunFingerprint? Fingerprint(string adapterFolder) => ReadFingerprint(InRun(adapterFolder, RunFiles.Fingerprint));

    /// <summary>Reads a fingerprint; null: there is none, or it is damaged.</summary>
    public static RunFingerprint? ReadFingerprint(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<RunFingerprint>(JsonFile.Read(path).Span, ContractJson.Options);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Path of a file of the run in whose directory the adapter lies; one that does not exist if it lies elsewhere.</summary>
    private static string InRun(string adapterFolder, string file)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(adapterFolder));
        string run = Path.GetDirectoryName(folder) ?? folder;
        bool isRun = Path.GetFileName(folder) is RunFiles.Adapter or RunFiles.BestAdapter
            && Directory.Exists(Path.Combine(run, RunFiles.Attempt(1)));
        return Path.Combine(isRun ? run : folder, file);
    }

    private static RunSpec? Read(string path, Func<JsonNode?, JsonNode?> spec)
    {
        try
        {
            return spec(JsonNode.Parse(JsonFile.Read(path).Span))?.Deserialize<RunSpec>(ContractJson.Options);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return null; // Files of the same names that another program wrote.
        }
    }
}
