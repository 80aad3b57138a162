using System.Text;

namespace LoraLab.Server.Compare;

/// <summary>Lines of LaTeX (booktabs). Cells are escaped by <see cref="Escape"/> where they are not LaTeX already.</summary>
internal sealed class TexText
{
    private readonly StringBuilder _text = new();

    public TexText Comment(string line)
    {
        _text.Append("% ").Append(line.ReplaceLineEndings(" ")).Append('\n');
        return this;
    }

    /// <summary>A table: the columns' alignment, the head, and a line for each row.</summary>
    public TexText Table(string alignment, IEnumerable<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        _text.Append("\\begin{tabular}{").Append(alignment).Append("}\n\\toprule\n");
        Line(head);
        _text.Append("\\midrule\n");
        foreach (IEnumerable<string> row in rows)
        {
            Line(row);
        }

        _text.Append("\\bottomrule\n\\end{tabular}\n");
        return this;
    }

    public override string ToString() => _text.ToString();

    public static string Escape(string plain)
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

    private void Line(IEnumerable<string> cells) => _text.AppendJoin(" & ", cells).Append(" \\\\\n");
}
