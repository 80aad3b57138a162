using System.Text;
using LoraLab.Contracts.Compare;

namespace LoraLab.Server.Compare;

/// <summary>A comparison as a LaTeX table (booktabs); the best value of each column is bold.</summary>
internal static class CompareTex
{
    public static string Write(CompareDocument document)
    {
        StringBuilder text = new();
        text.Append("% \\usepackage{booktabs}\n");
        foreach (string note in document.Notes)
        {
            text.Append("% ").Append(note.ReplaceLineEndings(" ")).Append('\n');
        }

        text.Append("\\begin{tabular}{ll").Append('r', CompareColumn.Printed.Count).Append("}\n\\toprule\n");
        text.Append("Run & Method");
        foreach (CompareColumn column in CompareColumn.Printed)
        {
            text.Append(" & ").Append(Escape(column.Title));
        }

        text.Append(" \\\\\n\\midrule\n");
        foreach (CompareRow row in document.Rows)
        {
            text.Append(Escape(row.Name)).Append(" & ").Append(Escape(row.Method));
            foreach (CompareColumn column in CompareColumn.Printed)
            {
                string value = Escape(column.Print(row));
                text.Append(" & ").Append(column.IsBest(row, document.Rows) ? $"\\textbf{{{value}}}" : value);
            }

            text.Append(" \\\\\n");
        }

        return text.Append("\\bottomrule\n\\end{tabular}\n").ToString();
    }

    private static string Escape(string plain)
    {
        StringBuilder text = new(plain.Length);
        foreach (char c in plain)
        {
            text.Append(c switch
            {
                '\\' => "\\textbackslash{}",
                '~' => "\\textasciitilde{}",
                '^' => "\\textasciicircum{}",
                '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{c}",
                'α' => "$\\alpha$",
                'η' => "$\\eta$",
                'λ' => "$\\lambda$",
                '×' => "$\\times$",
                '·' => "$\\cdot$",
                '√' => "$\\surd$",
                '\r' or '\n' or '\t' => " ",
                _ => c.ToString(),
            });
        }

        return text.ToString();
    }
}
