using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Server.Comparison;

/// <summary>Builds CSV (RFC 4180) with numbers in full precision.</summary>
internal sealed class CsvLines
{
    private readonly StringBuilder _text = new();

    public CsvLines Add(params IEnumerable<string?> cells)
    {
        _text.AppendJoin(',', cells.Select(cell => Cell(cell ?? ""))).Append("\r\n");
        return this;
    }

    public static string? Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A JSON value as a cell: strings without quotes, null as an empty cell.</summary>
    public static string Plain(JsonNode? value) =>
        value is null ? "" : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();

    public override string ToString() => _text.ToString();

    private static string Cell(string text)
    {
        // Spreadsheets would interpret these as formulas; numbers stay numbers.
        bool formula = text.Length > 0 && "=+-@\t".Contains(text[0])
            && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        string safe = formula ? "'" + text : text;
        return safe.AsSpan().IndexOfAny("\",\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
