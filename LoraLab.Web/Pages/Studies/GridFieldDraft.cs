using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Studies;

/// <summary>A field of a method's grid while it is being written.</summary>
/// <param name="name">Name in the run specification.</param>
public sealed class GridFieldDraft(string name)
{
    public string Field { get; } = name;

    /// <summary>Its values as they are typed, with commas.</summary>
    public string Text { get; set; } = "";

    internal static GridFieldDraft Of(string field, JsonNode? values) => new(field) { Text = string.Join(", ", (values as JsonArray ?? [values?.DeepClone()]).Select(Show)) };

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

    private static string Show(JsonNode? value) => value is JsonObject or JsonArray ? value.ToJsonString(ContractJson.Options) : JsonFormat.Show(value);
}
