using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;

namespace LoraLab.Training.Specs;

/// <summary>Replaces the name of a preset of a method by the method and the fields that the preset sets.</summary>
internal static class MethodPresets
{
    /// <summary>All names that <c>method</c> may have.</summary>
    public static IReadOnlyList<string> Names =>
        [.. LoraMethods.All.SelectMany(method => method.Descriptor.Presets.Select(preset => preset.Id).Prepend(method.Id))];

    /// <summary>Returns a specification without presets.</summary>
    /// <param name="json">The specification as received; it is not changed.</param>
    /// <param name="errors">Receives an error for each field that is set to something else than the preset sets.</param>
    public static JsonNode? Apply(JsonNode? json, ICollection<FieldError> errors)
    {
        if (json is not JsonObject spec || spec["method"] is not JsonValue value || !value.TryGetValue(out string? name)
            || Find(name) is not (LoraMethod method, MethodPreset preset))
        {
            return json;
        }

        JsonObject applied = spec.DeepClone().AsObject();
        applied["method"] = method.Id;
        foreach ((string field, JsonNode? set) in preset.Sets)
        {
            if (spec.TryGetPropertyValue(field, out JsonNode? given) && !JsonNode.DeepEquals(given, set))
            {
                errors.Add(new(
                    field,
                    $"{field} must be {set?.ToJsonString()} for {preset.Id}, which is {method.Id} with that setting; omit it, or use "
                        + $"{method.Id}."));
            }

            applied[field] = set?.DeepClone();
        }

        return applied;
    }

    private static (LoraMethod Method, MethodPreset Preset)? Find(string name)
    {
        foreach (LoraMethod method in LoraMethods.All)
        {
            if (method.Descriptor.Presets.FirstOrDefault(preset => preset.Id == name) is MethodPreset preset)
            {
                return (method, preset);
            }
        }

        return null;
    }
}
