using System.Text;
using LoraLab.Contracts;

namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>Writes a table of runs exactly as it is shown.</summary>
internal static class RunTableExport
{
    /// <summary>As CSV; a cell that a spreadsheet would run as a formula is preceded by an apostrophe.</summary>
    internal static string Csv(RunTable table)
    {
        CsvLines lines = new();
        foreach (IReadOnlyList<string> line in Lines(table))
        {
            lines.Add(line);
        }

        return lines.ToString();
    }

    /// <summary>As LaTeX (booktabs).</summary>
    internal static string Tex(RunTable table)
    {
        StringBuilder text = new("% \\usepackage{booktabs}\n");
        foreach (TableRow row in table.Rows.Where(row => row.OtherData is not null))
        {
            text.Append("% Not comparable (").Append(row.OtherData!.ReplaceLineEndings(" ")).Append("): ")
                .Append(row.Name.ReplaceLineEndings(" ")).Append('\n');
        }

        string alignment = string.Concat(table.Columns.Select(column => column.Numeric ? "r" : "l")
            .SelectMany((letter, i) => HasDelta(table, table.Columns[i]) ? [letter, "r"] : (string[])[letter]));
        text.Append("\\begin{tabular}{").Append(alignment).Append("}\n\\toprule\n");
        foreach ((IReadOnlyList<string> line, int i) in Lines(table).Select((line, i) => (line, i)))
        {
            text.Append(TexEscape.Line(line.Select(TexEscape.Of))).Append(i == 0 ? "\\midrule\n" : "");
        }

        return text.Append("\\bottomrule\n\\end{tabular}\n").ToString();
    }

    private static IEnumerable<IReadOnlyList<string>> Lines(RunTable table)
    {
        yield return
        [
            .. table.Columns.SelectMany(column =>
                HasDelta(table, column) ? [column.Title, $"Δ {column.Title}"] : (string[])[column.Title]),
        ];
        foreach (TableRow row in table.Rows)
        {
            List<string> line = [];
            for (int i = 0; i < table.Columns.Count; i++)
            {
                line.Add(table.Columns[i].Key == "name" ? row.Name : row.Cells[i].Text);
                if (HasDelta(table, table.Columns[i]))
                {
                    line.Add(row.Cells[i].Delta ?? "");
                }
            }

            yield return line;
        }
    }

    private static bool HasDelta(RunTable table, TableColumn column) => table.HasDeltas && column.Result is not null;
}
