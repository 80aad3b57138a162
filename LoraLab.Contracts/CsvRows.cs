using System.Text;

namespace LoraLab.Contracts;

/// <summary>Reads what <see cref="CsvLines"/> writes: quoted cells may contain commas, quotes and line breaks.</summary>
public static class CsvRows
{
    /// <summary>Returns the cells of every line. An unfinished last line is returned as far as it goes.</summary>
    public static IEnumerable<IReadOnlyList<string>> Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Read(new StringReader(text));
    }

    /// <summary>Returns the cells of every line, one line in memory at a time.</summary>
    public static IEnumerable<IReadOnlyList<string>> Read(TextReader text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<string> cells = [];
        StringBuilder cell = new();
        bool quoted = false;
        for (int next = text.Read(); next >= 0; next = text.Read())
        {
            char c = (char)next;
            if (c == '"' && quoted && text.Peek() == '"')
            {
                cell.Append('"');
                text.Read();
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
                    if (c == '\r' && text.Peek() == '\n')
                    {
                        text.Read();
                    }

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
