using System.Text.Json;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Models;

/// <summary>The tokens that end a generated text: <c>eos_token_id</c>, one id or several.</summary>
internal static class StopTokens
{
    private const string Key = "eos_token_id";

    /// <summary>
    /// Reads them from <c>generation_config.json</c> of a model folder, else from <c>config.json</c>; empty: there are none.
    /// </summary>
    /// <exception cref="RunFailure">The value is neither an id nor a list of ids; field <c>model</c>.</exception>
    public static IReadOnlySet<int> Of(string modelFolder) =>
        Read(Path.Combine(modelFolder, GenerationConfigKeys.FileName))
            ?? Read(Path.Combine(modelFolder, LlamaConfig.FileName))
            ?? new HashSet<int>();

    private static HashSet<int>? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(JsonFile.Read(path), JsonFile.Strict);
        if (!document.RootElement.TryGetProperty(Key, out JsonElement ids) || ids.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return ids.ValueKind == JsonValueKind.Array ? [.. ids.EnumerateArray().Select(Id)] : [Id(ids)];

        int Id(JsonElement id) => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int number)
            ? number
            : throw RunFailure.BadData($"{path}: {Key} must be an id or a list of ids.", "model");
    }
}
