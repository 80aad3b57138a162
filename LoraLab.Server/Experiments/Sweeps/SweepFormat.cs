using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Values of fields in words.</summary>
internal static class SweepFormat
{
    /// <summary>For example <c>learningRate 1e-4, rank 8</c>.</summary>
    public static string Show(JsonObject values) => string.Join(", ", values.Select(value => $"{value.Key} {Show(value.Value)}"));

    public static string Show(JsonNode? value) => value switch
    {
        null => "null",
        JsonArray list => string.Join("+", list.Select(Show)),
        _ when value.GetValueKind() == JsonValueKind.Number => NumberFormat.Setting(value.Deserialize<double>()),
        _ => value.ToString(),
    };
}
