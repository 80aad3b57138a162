using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts;

namespace LoraLab.Web.Components;

/// <summary>Formats JSON values of a specification as people type them.</summary>
public static class JsonFormat
{
    /// <summary>A string without quotes, a small number as 5e-5, a list separated by commas; empty for null.</summary>
    public static string Show(JsonNode? value) => value switch
    {
        null => "",
        JsonValue text when text.TryGetValue(out string? word) => word,
        JsonValue flag when flag.TryGetValue(out bool on) => on ? "true" : "false",
        JsonValue number when number.TryGetValue(out double real) => Number(real),
        JsonArray list => string.Join(", ", list.Select(Show)),
        JsonObject { Count: 0 } => "{}",
        JsonObject members => string.Join(", ", members.Select(member => $"{member.Key}: {Show(member.Value)}")),
        _ => value.ToJsonString(ContractJson.Options),
    };

    private static string Number(double value) =>
        value != 0 && Math.Abs(value) < 1e-2
            ? value.ToString("0.######e0", CultureInfo.InvariantCulture)
            : value.ToString("R", CultureInfo.InvariantCulture);
}
