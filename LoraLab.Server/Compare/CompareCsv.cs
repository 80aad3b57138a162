using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Compare;

namespace LoraLab.Server.Compare;

/// <summary>A comparison as CSV (RFC 4180): one row a run, with full precision and the fields that differ.</summary>
internal static class CompareCsv
{
    public static string Write(CompareDocument document)
    {
        StringBuilder text = new();
        AddLine(text, ["runId", "name", "method", "state", .. CompareColumn.All.Select(column => column.Name), "memorySource", .. document.Differences.Select(difference => $"spec.{difference.Field}")]);
        foreach (CompareRow row in document.Rows)
        {
            AddLine(text,
            [
                row.RunId,
                row.Name,
                row.Method,
                row.State.ToString().ToLowerInvariant(),
                .. CompareColumn.All.Select(column => column.Read(row.Summary)?.ToString("R", CultureInfo.InvariantCulture) ?? ""),
                row.MemorySource ?? "",
                .. document.Differences.Select(difference => Plain(difference.Values[row.RunId])),
            ]);
        }

        return text.ToString();
    }

    private static string Plain(JsonNode? value) =>
        value is null ? "" : value.GetValueKind() == System.Text.Json.JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();

    private static void AddLine(StringBuilder text, IEnumerable<string> cells) =>
        text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");

    private static string Cell(string text)
    {
        // A spreadsheet would take these for a formula; numbers stay numbers.
        bool formula = text.Length > 0 && "=+-@\t".Contains(text[0])
            && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        string safe = formula ? "'" + text : text;
        return safe.AsSpan().IndexOfAny("\",\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
