using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;
using LoraLab.Training.Models.Families;

namespace LoraLab.Training.Models;

/// <summary>Reads <c>config.json</c>: the family says what absent keys mean, and every key is accounted for.</summary>
internal static class ConfigReader
{
    private static readonly JsonSerializerOptions _options = new()
    {
        AllowDuplicateProperties = false,
        Converters = { new WholeNumberConverter() },
    };

    /// <summary>Reads and validates a configuration and returns the SHA-256 of the file.</summary>
    /// <exception cref="RunFailure">The file is missing, is not JSON or describes an unsupported model.</exception>
    public static LlamaConfig Read(string path, out string sha256)
    {
        try
        {
            ReadOnlyMemory<byte> text = JsonFile.Read(path, out byte[] bytes);
            sha256 = Sha256Hash.OfBytes(bytes);
            using JsonDocument document = JsonDocument.Parse(text, JsonFile.Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw RunFailure.BadData(
                    $"{path} is {(document.RootElement.ValueKind == JsonValueKind.Null ? "empty" : "not a JSON object")}; "
                        + "download the model again.",
                    "model");
            }

            ModelFamily family = FamilyOf(document.RootElement, path);
            LlamaConfig config = Complete(document.RootElement, family).Deserialize<LlamaConfig>(_options)!;
            KeyReport keys = ConfigKeys.Of(family, config.ContextLength).Check(document.RootElement);
            string? problem = keys.Problem is null ? ConfigCheck.Problem(config) : null;
            return problem is not null ? throw RunFailure.BadData($"{path}: {problem}", "model")
                : keys.Problem is not null ? throw RunFailure.BadData($"{path} {keys.Problem}.", "model")
                : config with { IgnoredKeys = keys.Ignored };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string problem = File.Exists(PhysicalPath.Of(path)) ? "cannot be read; a model folder needs a readable config.json"
                : "is a link to a file that does not exist; download the model again";
            throw RunFailure.BadData($"{path} {problem}.", "model", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw RunFailure.BadData($"{path} is not a valid model configuration: {Excerpt.Of(JsonText.Problem(e))}", "model", e);
        }
    }

    /// <summary>The members that are not null, and the family's values of absent ones: a null says that there is none.</summary>
    private static JsonObject Complete(JsonElement root, ModelFamily family)
    {
        JsonObject complete = JsonFile.WithoutNulls(root);
        foreach ((string key, JsonNode? value) in family.Defaults)
        {
            if (!root.TryGetProperty(key, out _))
            {
                complete[key] = value!.DeepClone();
            }
        }

        // Transformers 5 writes Gemma's pattern under a name that begins with an underscore.
        if (complete["_sliding_window_pattern"] is JsonNode pattern && !root.TryGetProperty("sliding_window_pattern", out _))
        {
            complete["sliding_window_pattern"] = pattern.DeepClone();
        }

        return complete;
    }

    private static ModelFamily FamilyOf(JsonElement root, string path)
    {
        string? type = root.TryGetProperty("model_type", out JsonElement given) && given.ValueKind == JsonValueKind.String
            ? given.GetString()
            : null;
        string? other = root.EnumerateObject().Select(Other).FirstOrDefault(found => found is not null);
        return ModelFamilies.Find(type) is ModelFamily family && other is null
            ? family
            : throw RunFailure.BadData($"{path}: {ModelFamilies.Refusal(type, other)}", "model");

        static string? Other(JsonProperty property) => property switch
        {
            { Value.ValueKind: JsonValueKind.Null } => null,
            { Name: "vision_config" or "vision_tower" or "mm_vision_tower" } => $"{property.Name} (a vision tower)",
            { Value.ValueKind: JsonValueKind.Number } when property.Name.Contains("experts", StringComparison.Ordinal)
                && property.Value.TryGetDouble(out double count) && count > 1 => $"{property.Name} {count} (a mixture of experts)",
            _ => null,
        };
    }
}
