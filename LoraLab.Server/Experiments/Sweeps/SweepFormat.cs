using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Values of fields in words.</summary>
internal static class SweepFormat
{
    /// <summary>For example <c>learningRate 0.0001, rank 8</c>.</summary>
    public static string Show(JsonObject values) => string.Join(", ", values.Select(value => $"{value.Key} {Show(value.Value)}"));

    public static string Show(JsonNode? value) => value switch
    {
        null => "null",
        JsonArray list => string.Join("+", list.Select(Show)),
        _ when value.GetValueKind() == JsonValueKind.Number => Show(value.Deserialize<double>()),
        _ => value.ToString(),
    };

    /// <summary>A number with four digits, small and large ones with an exponent.</summary>
    public static string Show(double value) => Math.Abs(value) is not 0 and (< 1e-3 or >= 1e6)
        ? value.ToString("0.###e-0", CultureInfo.InvariantCulture)
        : value.ToString("0.######", CultureInfo.InvariantCulture);
}
