using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Contracts;

/// <summary>
/// Builds CSV (RFC 4180) with numbers in full precision: the only writer of CSV in server, trainer and dashboard. Text that a spreadsheet
/// would run as a formula is preceded by an apostrophe, headings included; <see cref="CsvRows"/> takes it away again.
/// </summary>
public sealed class CsvLines
{
    private const string FormulaStarts = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20";

    private readonly StringBuilder _text = new();
    private readonly string _end;

    /// <summary>Creates an empty document.</summary>
    /// <param name="end">End of each line.</param>
    public CsvLines(string end = "\r\n") => _end = end;

    /// <summary>Appends a line.</summary>
    public CsvLines Add(params IEnumerable<string?> cells)
    {
        _text.AppendJoin(',', cells.Select(cell => Cell(cell ?? ""))).Append(_end);
        return this;
    }

    /// <summary>A number as a cell that reads back as the same number; null as an empty cell.</summary>
    public static string? Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A JSON value as a cell: strings without quotes, null as an empty cell.</summary>
    public static string Plain(JsonNode? value) =>
        value is null ? "" : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();

    /// <summary>Returns the document.</summary>
    public override string ToString() => _text.ToString();

    /// <summary>The text that <see cref="Add"/> wrote as a cell with this text.</summary>
    internal static string Original(string cell) => cell is ['\'', ..] && NeedsApostrophe(cell[1..]) ? cell[1..] : cell;

    private static string Cell(string text)
    {
        string safe = NeedsApostrophe(text) ? "'" + text : text;
        return safe.AsSpan().IndexOfAny("\",\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>Whether a spreadsheet could read the text as a formula, or a reader mistake its own apostrophe for ours.</summary>
    private static bool NeedsApostrophe(string text)
    {
        ReadOnlySpan<char> start = text.AsSpan().TrimStart('\'');
        ReadOnlySpan<char> visible = start.TrimStart(' ');
        return visible.Length > 0 && FormulaStarts.Contains(visible[0])
            && (start.Length < text.Length || !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _));
    }
}
