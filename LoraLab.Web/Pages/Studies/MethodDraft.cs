using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Web.Pages.Studies;

/// <summary>A method of the plan in the form.</summary>
/// <param name="id">Method ID.</param>
public sealed class MethodDraft(string id)
{
    public string Id { get; } = id;

    /// <summary>The method ID, or the name of the arm.</summary>
    public string Key => Others["arm"]?.ToString() ?? Id;

    /// <summary>Whether the study includes the method.</summary>
    public bool Included { get; set; }

    /// <summary>Fields of the specification that only runs of this method have; null: none.</summary>
    public JsonObject? Spec { get; set; }

    /// <summary>Members without a control in this form: name and parts of an arm.</summary>
    public JsonObject Others { get; } = [];

    public List<GridFieldDraft> Grid { get; } = [];

    /// <summary>Number of combinations in the grid.</summary>
    public long Cells => Grid.Aggregate(1L, (count, draft) => count * draft.ParseValues().Count);

    internal JsonObject ToJson()
    {
        JsonObject method = new() { ["method"] = Id };
        foreach ((string member, JsonNode? value) in Others)
        {
            method[member] = value?.DeepClone();
        }

        if (Spec is { Count: > 0 })
        {
            method["spec"] = Spec.DeepClone();
        }

        if (Grid.Count > 0)
        {
            JsonObject grid = [];
            foreach (GridFieldDraft field in Grid)
            {
                grid[field.Field] = field.ParseValues();
            }

            method["grid"] = grid;
        }

        return method;
    }

    internal static MethodDraft? TryRead(JsonNode? node)
    {
        if (node is not JsonObject json || json["method"] is not JsonValue name || name.GetValueKind() != JsonValueKind.String)
        {
            return null;
        }

        MethodDraft method = new(name.GetValue<string>())
        {
            Included = true,
            Spec = (JsonObject?)(json["spec"] as JsonObject)?.DeepClone(),
        };
        foreach (string member in (string[])["arm", "parts", "withoutRank"])
        {
            if (json[member] is JsonNode value)
            {
                method.Others[member] = value.DeepClone();
            }
        }

        foreach ((string field, JsonNode? values) in json["grid"] as JsonObject ?? [])
        {
            method.Grid.Add(GridFieldDraft.From(field, values));
        }

        return method;
    }
}
