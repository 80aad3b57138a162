using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Runs;

/// <summary>
/// The specification of a clone: the source's as it was used, with fields that the source left unset (null or auto) unset again, so
/// that a clone with another method gets that method's defaults; then the changes.
/// </summary>
internal static class CloneSpec
{
    private const string MethodOptions = "methodOptions";
    private const string Method = "method";

    public static JsonObject Create(StoredRun source, JsonObject changes)
    {
        JsonObject spec = SpecFieldCatalog.ToJson(source.Document.Spec);
        foreach ((string field, JsonNode? open) in SpecFieldCatalog.Default.Defaults)
        {
            bool canBeOpen = open is null || (open.GetValueKind() == JsonValueKind.String && open.GetValue<string>() == "auto");
            JsonNode? submitted = source.Submitted[field];
            if (canBeOpen && (submitted is null || JsonNode.DeepEquals(submitted, open)))
            {
                spec[field] = open?.DeepClone();
            }
        }

        bool otherMethod = changes[Method] is { } method && !JsonNode.DeepEquals(method, spec[Method]);
        spec[MethodOptions] = otherMethod ? new JsonObject() : source.Submitted[MethodOptions]?.DeepClone() ?? new JsonObject();
        spec["tags"] = JsonSerializer.SerializeToNode(source.Document.Tags, ContractJson.Options);
        spec["notes"] = source.Document.Notes;
        spec["name"] = null;
        foreach ((string field, JsonNode? value) in changes)
        {
            spec[field] = value?.DeepClone();
        }

        return spec;
    }
}
