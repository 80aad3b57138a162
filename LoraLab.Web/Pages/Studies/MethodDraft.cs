using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Web.Pages.Studies;

/// <summary>A method of the plan while it is being written.</summary>
/// <param name="id">Method id.</param>
public sealed class MethodDraft(string id)
{
    public string Id { get; } = id;

    /// <summary>The study compares it.</summary>
    public bool On { get; set; }

    /// <summary>Fields of the specification that only its runs have; null: none.</summary>
    public JsonObject? Spec { get; set; }

    public List<GridFieldDraft> Grid { get; } = [];

    /// <summary>Combinations of its grid.</summary>
    public long Cells => Grid.Aggregate(1L, (count, one) => count * one.Values().Count);

    internal JsonObject ToJson()
    {
        JsonObject method = new() { ["method"] = Id };
        if (Spec is { Count: > 0 })
        {
            method["spec"] = Spec.DeepClone();
        }

        if (Grid.Count > 0)
        {
            JsonObject grid = [];
            foreach (GridFieldDraft field in Grid)
            {
                grid[field.Field] = field.Values();
            }

            method["grid"] = grid;
        }

        return method;
    }

    internal static MethodDraft? Read(JsonNode? node)
    {
        if (node is not JsonObject json || json["method"] is not JsonValue name || name.GetValueKind() != JsonValueKind.String)
        {
            return null;
        }

        MethodDraft method = new(name.GetValue<string>()) { On = true, Spec = (JsonObject?)(json["spec"] as JsonObject)?.DeepClone() };
        foreach ((string field, JsonNode? values) in json["grid"] as JsonObject ?? [])
        {
            method.Grid.Add(GridFieldDraft.Of(field, values));
        }

        return method;
    }
}
