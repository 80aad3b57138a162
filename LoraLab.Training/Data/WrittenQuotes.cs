using LoraLab.Contracts;

namespace LoraLab.Training.Data;

/// <summary>
/// Recognizes fields that a program put in quotation marks, in a file that is read without quoting. A field that merely contains
/// quotation marks, balanced or not, is text.
/// </summary>
internal static class WrittenQuotes
{
    /// <summary>Returns a warning if most fields with quotation marks look quoted; null if not.</summary>
    /// <param name="displayName">Name of the file.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="texts">The places of its texts among the values of a row.</param>
    public static string? Warning(string displayName, IReadOnlyList<RawRow> rows, IReadOnlyList<int> texts)
    {
        int withMarks = 0, quoted = 0, firstLine = 0;
        foreach (RawRow row in rows)
        {
            foreach (string text in texts.Select(column => row.Values[column]).OfType<string>())
            {
                if (text.Contains('"', StringComparison.Ordinal))
                {
                    withMarks++;
                    if (IsQuoted(text))
                    {
                        quoted++;
                        firstLine = firstLine == 0 ? row.Line : firstLine;
                    }
                }
            }
        }

        return quoted * 2 > withMarks
            ? $"{displayName}: {NumberFormat.Count(quoted)} of {NumberFormat.Count(rows.Count * texts.Count)} "
                + $"{(texts.Count == 1 ? "sentences" : "texts")} are in quotation marks, the "
                + $"first in line {firstLine}, as if the file had been written with quoting, and the marks are read as text; set "
                + "\"quoting\" in dataset.json to true to remove them, or to false if they belong to the text."
            : null;
    }

    /// <summary>Whether a field begins and ends with a quotation mark and doubles those in between.</summary>
    private static bool IsQuoted(string field)
    {
        if (field.Length < 2 || field[0] != '"' || field[^1] != '"')
        {
            return false;
        }

        return !field[1..^1].Replace("\"\"", "", StringComparison.Ordinal).Contains('"', StringComparison.Ordinal);
    }
}
