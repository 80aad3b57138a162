using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>Writes a table of a study as LaTeX (booktabs), with the same cells as on the page.</summary>
internal static class StudyTableTex
{
    /// <summary>Maximum number of rows of a float; a longer table becomes a longtable.</summary>
    private const int MaxFloatRows = 35;

    /// <summary>Tables with more columns are set in a smaller font.</summary>
    private const int WideColumns = 5;

    /// <summary>Tables with more columns are set in a still smaller one.</summary>
    private const int WidestColumns = 9;

    public static string Write(StudyTable table)
    {
        string alignment = Alignment(table);
        IEnumerable<string> head = table.Columns.Select(TexLines.Escape);
        IEnumerable<IEnumerable<string>> rows = table.Rows.Select(row => row.Select(Cell));
        TexLines text = new TexLines().Comment("\\usepackage{booktabs,longtable}");
        string caption = $"\\caption{{{TexLines.Escape(table.Caption)}}}";
        if (table.Rows.Count > MaxFloatRows)
        {
            return text.Raw("\\begingroup\\small").LongTable(alignment, caption, Label(table), head, rows).Raw(Notes(table))
                .Raw("\\endgroup").ToString();
        }

        text.Raw("\\begin{table}[htbp]")
            .Raw("\\centering")
            .Raw(table.Columns.Count switch
            {
                > WidestColumns => "\\scriptsize\\setlength{\\tabcolsep}{2pt}",
                > WideColumns => "\\footnotesize\\setlength{\\tabcolsep}{3pt}",
                _ => "\\small",
            })
            .Raw(caption)
            .Raw(Label(table));
        return text.Table(alignment, head, rows).Raw("\\par\\smallskip").Raw(Notes(table)).Raw("\\end{table}").ToString();
    }

    private static string Label(StudyTable table) => $"\\label{{tab:{table.Id}}}";

    /// <summary>Text is left-aligned, numbers are right-aligned; in a table of two columns the second one wraps.</summary>
    private static string Alignment(StudyTable table) => table.Columns.Count == 2
        ? "lp{0.6\\linewidth}"
        : string.Concat(Enumerable.Range(0, table.Columns.Count)
            .Select(column => table.Rows.Any(row => row[column].Value is not null) ? 'r' : 'l'));

    private static string Cell(StudyTableCell cell)
    {
        string text = cell.Text.Length == 0 ? "--" : TexLines.Escape(cell.Text);
        text = cell.Bold ? $"\\textbf{{{text}}}" : text;
        return cell.Dagger ? text + "\\textsuperscript{\\textdagger}" : text;
    }

    private static string Notes(StudyTable table) => table.Notes.Count == 0
        ? "%"
        : $"{{\\footnotesize\\raggedright {string.Join(" ", table.Notes.Select(TexLines.Escape))}\\par}}";
}
