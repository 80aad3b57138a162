using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Studies;

/// <summary>A method of the plan while it is being written.</summary>
/// <param name="id">Method id.</param>
public sealed class MethodEdit(string id)
{
    public string Id { get; } = id;

    /// <summary>The study compares it.</summary>
    public bool On { get; set; }

    /// <summary>Fields of the specification that only its runs have; null: none.</summary>
    public JsonObject? Spec { get; set; }

    public List<GridEdit> Grid { get; } = [];

    /// <summary>Combinations of its grid.</summary>
    public long Cells => Grid.Aggregate(1L, (count, field) => count * field.Values().Count);

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
            foreach (GridEdit field in Grid)
            {
                grid[field.Field] = field.Values();
            }

            method["grid"] = grid;
        }

        return method;
    }

    internal static MethodEdit? Read(JsonNode? node)
    {
        if (node is not JsonObject json || json["method"] is not JsonValue name || name.GetValueKind() != JsonValueKind.String)
        {
            return null;
        }

        MethodEdit method = new(name.GetValue<string>()) { On = true, Spec = (JsonObject?)(json["spec"] as JsonObject)?.DeepClone() };
        foreach ((string field, JsonNode? values) in json["grid"] as JsonObject ?? [])
        {
            method.Grid.Add(GridEdit.Of(field, values));
        }

        return method;
    }
}

/// <summary>A field of a method's grid while it is being written.</summary>
/// <param name="field">Name in the run specification.</param>
public sealed class GridEdit(string field)
{
    public string Field { get; } = field;

    /// <summary>Its values as they are typed, with commas.</summary>
    public string Text { get; set; } = "";

    internal static GridEdit Of(string field, JsonNode? values) => new(field) { Text = string.Join(", ", (values as JsonArray ?? [values?.DeepClone()]).Select(Show)) };

    /// <summary>The values; what cannot be read as a number or as JSON is a word, and the server says what is wrong with it.</summary>
    internal JsonArray Values()
    {
        try
        {
            if (JsonNode.Parse($"[{Text}]") is JsonArray list)
            {
                return list;
            }
        }
        catch (JsonException)
        {
            // Words without quotes.
        }

        return [.. Text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(word => word is "true" or "false" ? JsonValue.Create(word == "true") : SpecForm.Number(word))];
    }

    private static string Show(JsonNode? value) => value is JsonObject or JsonArray ? value.ToJsonString(ContractJson.Options) : JsonText.Show(value);
}
