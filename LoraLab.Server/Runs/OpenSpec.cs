using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Runs;

/// <summary>A specification as it was used, with fields that were submitted open (null or auto) open again.</summary>
internal static class OpenSpec
{
    private const string MethodOptions = "methodOptions";

    /// <summary>Reopens the fields of a specification that its submission left open.</summary>
    public static JsonObject Of(RunSpec used, JsonObject submitted)
    {
        JsonObject spec = SpecFieldCatalog.ToJson(used);
        foreach ((string field, JsonNode? open) in SpecFieldCatalog.Default.Defaults)
        {
            if (IsOpen(field, open, submitted))
            {
                spec[field] = open?.DeepClone();
            }
        }

        spec[MethodOptions] = submitted[MethodOptions]?.DeepClone() ?? new JsonObject();
        return spec;
    }

    /// <summary>The values of the open fields as they were used, as text.</summary>
    public static IReadOnlyDictionary<string, string> Used(RunSpec used, JsonObject submitted)
    {
        JsonObject spec = SpecFieldCatalog.ToJson(used);
        IReadOnlySet<string> descriptions = SpecFieldCatalog.Default.With(SpecRoles.Description);
        return SpecFieldCatalog.Default.Defaults
            .Where(field => !descriptions.Contains(field.Key) && IsOpen(field.Key, field.Value, submitted)
                && !JsonNode.DeepEquals(spec[field.Key], field.Value))
            .ToDictionary(field => field.Key, field => spec[field.Key] is JsonValue value && value.TryGetValue(out string? text)
                ? text
                : spec[field.Key]?.ToJsonString(ContractJson.Options) ?? "null");
    }

    /// <summary>What two submissions share if they compute the same: the open specification without what only describes a run.</summary>
    public static string Identity(RunSpec used, JsonObject submitted)
    {
        JsonObject spec = Of(used, submitted);
        foreach (string field in SpecFieldCatalog.Default.With(SpecRoles.Description))
        {
            spec.Remove(field);
        }

        return spec.ToJsonString(ContractJson.Options);
    }

    private static bool IsOpen(string field, JsonNode? open, JsonObject submitted)
    {
        bool canBeOpen = open is null || (open.GetValueKind() == JsonValueKind.String && open.GetValue<string>() == "auto");
        return canBeOpen && (submitted[field] is not { } value || JsonNode.DeepEquals(value, open));
    }
}
