using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>A field of the search space in the form: text as typed, validated by the server.</summary>
public sealed class SpaceRow
{
    internal string Field { get; set; } = "learningRate";

    internal SweepRange Range { get; set; }

    /// <summary>Values of a choice, comma-separated; modules of a list are joined by plus signs.</summary>
    internal string Values { get; set; } = "";

    internal string Low { get; set; } = "";

    internal string High { get; set; } = "";

    internal string Steps { get; set; } = "";

    /// <summary>A row for a field, with initial values if there are common ones.</summary>
    internal static SpaceRow For(string field) => new()
    {
        Field = field,
        Values = field switch
        {
            "learningRate" => "1e-4, 2e-4, 4e-4",
            "learningRateB" => "1e-4, 2e-4, 4e-4",
            "rank" => "4, 8, 16",
            "alpha" => "8, 16, 32",
            "schedule" => "linear, constant, cosine",
            "methodOptions.lrRatio" => "1, 2, 4, 8, 16",
            _ => "",
        },
    };

    /// <summary>The row as submitted. Text that is not a number is sent as typed, and the server reports the error.</summary>
    internal JsonObject ToJson()
    {
        JsonObject json = new() { ["field"] = Field, ["range"] = JsonNamingPolicy.CamelCase.ConvertName(Range.ToString()) };
        if (Range == SweepRange.Choice)
        {
            json["values"] =
                new JsonArray([.. Values.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Value)]);
            return json;
        }

        foreach ((string name, string text) in new[] { ("low", Low), ("high", High), ("steps", Steps) })
        {
            if (text.Trim().Length > 0)
            {
                json[name] = SpecForm.Number(text.Trim());
            }
        }

        return json;
    }

    /// <summary>The row of a submitted field.</summary>
    internal static SpaceRow From(JsonObject json) => new()
    {
        Field = json["field"]?.ToString() ?? "",
        Range = Enum.TryParse(json["range"]?.ToString(), ignoreCase: true, out SweepRange range) ? range : SweepRange.Choice,
        Values = string.Join(", ", (json["values"] as JsonArray ?? []).Select(value =>
            value is JsonArray list ? string.Join("+", list.Select(JsonFormat.Show)) : value is null ? "null" : JsonFormat.Show(value))),
        Low = JsonFormat.Show(json["low"]),
        High = JsonFormat.Show(json["high"]),
        Steps = JsonFormat.Show(json["steps"]),
    };

    private static JsonNode? Value(string text) => text switch
    {
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        "null" => null,
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) => SpecForm.Number(text),
        _ when text.Contains('+', StringComparison.Ordinal) =>
            new JsonArray([.. text.Split('+', StringSplitOptions.TrimEntries).Select(word => (JsonNode)word)]),
        _ => JsonValue.Create(text),
    };
}
