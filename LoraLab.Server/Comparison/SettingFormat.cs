using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;

namespace LoraLab.Server.Comparison;

/// <summary>Formats values of specification fields for messages, labels and tables.</summary>
internal static class SettingFormat
{
    /// <summary>Fields with their values, for example <c>learningRate 1e-4, rank 8</c>.</summary>
    public static string FormatAll(IEnumerable<KeyValuePair<string, JsonNode?>> settings, string separator = ", ") =>
        string.Join(separator, settings.Select(setting => $"{setting.Key} {Format(setting.Value)}"));

    /// <summary>
    /// A value: numbers as in <see cref="NumberFormat.Setting"/>, lists and objects joined by a plus sign, null as <c>none</c>.
    /// </summary>
    public static string Format(JsonNode? value) => value switch
    {
        null => "none",
        JsonArray list => string.Join("+", list.Select(Format)),
        JsonObject members => string.Join("+", members.Select(member => $"{member.Key} {Format(member.Value)}")),
        _ when value.GetValueKind() == JsonValueKind.Number => NumberFormat.Setting(value.Deserialize<double>()),
        _ => CsvLines.Plain(value),
    };
}
