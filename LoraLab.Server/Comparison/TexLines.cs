using System.Text;
using LoraLab.Contracts;

namespace LoraLab.Server.Comparison;

/// <summary>Builds LaTeX (booktabs). Callers escape plain cells with <see cref="Escape"/>.</summary>
internal sealed class TexLines
{
    private readonly StringBuilder _text = new();

    public TexLines Comment(string line)
    {
        _text.Append("% ").Append(line.ReplaceLineEndings(" ")).Append('\n');
        return this;
    }

    /// <summary>Appends a table with column alignment, heading and rows.</summary>
    public TexLines Table(string alignment, IEnumerable<string> head, IEnumerable<IEnumerable<string>> rows)
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

    /// <summary>Appends a table that spans pages, with its caption; the heading is repeated.</summary>
    public TexLines LongTable(
        string alignment, string caption, string label, IEnumerable<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        _text.Append("\\begin{longtable}{").Append(alignment).Append("}\n").Append(caption).Append(label).Append(" \\\\\n\\toprule\n");
        Line(head);
        _text.Append("\\midrule\n\\endhead\n");
        foreach (IEnumerable<string> row in rows)
        {
            Line(row);
        }

        _text.Append("\\bottomrule\n\\end{longtable}\n");
        return this;
    }

    /// <summary>Appends a line of LaTeX.</summary>
    public TexLines Raw(string line)
    {
        _text.Append(line).Append('\n');
        return this;
    }

    public override string ToString() => _text.ToString();

    public static string Escape(string plain) => TexEscape.Of(plain);

    private void Line(IEnumerable<string> cells) => _text.Append(TexEscape.Line(cells));
}
