using System.Text;

namespace LoraLab.Contracts;

/// <summary>Reads what <see cref="CsvLines"/> writes: quoted cells may contain commas, quotes and line breaks.</summary>
public static class CsvRows
{
    /// <summary>Returns the cells of every line. An unfinished last line is returned as far as it goes.</summary>
    public static IEnumerable<IReadOnlyList<string>> Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<string> cells = [];
        StringBuilder cell = new();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '"' && quoted && i + 1 < text.Length && text[i + 1] == '"')
            {
                cell.Append('"');
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (quoted || c is not (',' or '\r' or '\n'))
            {
                cell.Append(c);
            }
            else
            {
                cells.Add(Take(cell));
                if (c != ',')
                {
                    i += c == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
                    yield return cells;
                    cells = [];
                }
            }
        }

        if (cells.Count > 0 || cell.Length > 0)
        {
            cells.Add(Take(cell));
            yield return cells;
        }
    }

    private static string Take(StringBuilder cell)
    {
        string text = CsvLines.Original(cell.ToString());
        cell.Clear();
        return text;
    }
}
