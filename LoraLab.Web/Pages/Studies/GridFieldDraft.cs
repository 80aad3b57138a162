using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Studies;

/// <summary>A field of a method's grid in the form.</summary>
/// <param name="name">Field name in the run specification.</param>
public sealed class GridFieldDraft(string name)
{
    public string Field { get; } = name;

    /// <summary>The values as typed, comma-separated.</summary>
    public string Text { get; set; } = "";

    internal static GridFieldDraft From(string field, JsonNode? values) =>
        new(field) { Text = string.Join(", ", (values as JsonArray ?? [values?.DeepClone()]).Select(ToText)) };

    /// <summary>Parses the values. Text that is neither a number nor JSON becomes a string, which the server validates.</summary>
    internal JsonArray ParseValues()
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
            // Strings without quotes.
        }

        return [.. Text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(word => word is "true" or "false" ? JsonValue.Create(word == "true") : SpecForm.Number(word))];
    }

    private static string ToText(JsonNode? value) =>
        value is JsonObject or JsonArray ? value.ToJsonString(ContractJson.Options) : JsonFormat.Show(value);
}
