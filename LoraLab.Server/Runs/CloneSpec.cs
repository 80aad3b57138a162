using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
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
        JsonObject spec = OpenSpec.Of(source.Document.Spec, source.Submitted);
        if (changes[Method] is { } method && !JsonNode.DeepEquals(method, spec[Method]))
        {
            spec[MethodOptions] = new JsonObject();
        }

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
