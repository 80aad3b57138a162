using System.Globalization;
using System.Text;

namespace LoraLab.Contracts;

/// <summary>
/// Escapes text for pdflatex with its standard fonts: TeX special characters are escaped, common symbols become commands, and characters
/// that the fonts lack are printed as their code point, so that nothing is lost.
/// </summary>
public static class TexEscape
{
    /// <summary>Characters up to U+017F that the standard encodings of pdflatex lack.</summary>
    private const string Unsupported = "ĄąĘęĮįŲųÞþðĦħĸĿŀŉŊŋŦŧſ";

    private static readonly Dictionary<int, string> _signs = new()
    {
        ['\\'] = "\\textbackslash{}",
        ['~'] = "\\textasciitilde{}",
        ['^'] = "\\textasciicircum{}",
        ['<'] = "\\textless{}",
        ['>'] = "\\textgreater{}",
        ['|'] = "\\textbar{}",
        ['"'] = "''",
        ['\u00a0'] = "~",
        ['\u00ad'] = "",
        ['«'] = "$\\ll$",
        ['»'] = "$\\gg$",
        ['Ð'] = "D",
        ['Đ'] = "D",
        ['đ'] = "d",
        ['α'] = "$\\alpha$",
        ['β'] = "$\\beta$",
        ['γ'] = "$\\gamma$",
        ['δ'] = "$\\delta$",
        ['Δ'] = "$\\Delta$",
        ['ε'] = "$\\varepsilon$",
        ['η'] = "$\\eta$",
        ['θ'] = "$\\theta$",
        ['λ'] = "$\\lambda$",
        ['μ'] = "$\\mu$",
        ['ν'] = "$\\nu$",
        ['π'] = "$\\pi$",
        ['ρ'] = "$\\rho$",
        ['σ'] = "$\\sigma$",
        ['τ'] = "$\\tau$",
        ['×'] = "$\\times$",
        ['·'] = "$\\cdot$",
        ['±'] = "$\\pm$",
        ['√'] = "$\\surd$",
        ['−'] = "$-$",
        ['≤'] = "$\\le$",
        ['≥'] = "$\\ge$",
        ['≠'] = "$\\ne$",
        ['≈'] = "$\\approx$",
        ['∞'] = "$\\infty$",
        ['→'] = "$\\rightarrow$",
        ['–'] = "--",
        ['—'] = "---",
        ['‘'] = "`",
        ['’'] = "'",
        ['“'] = "``",
        ['”'] = "''",
        ['†'] = "\\textdagger{}",
        ['•'] = "\\textbullet{}",
        ['…'] = "\\dots{}",
        ['€'] = "EUR",
    };

    /// <summary>The text for a cell or a line.</summary>
    public static string Of(string plain)
    {
        ArgumentNullException.ThrowIfNull(plain);
        StringBuilder text = new(plain.Length);
        foreach (Rune rune in plain.EnumerateRunes())
        {
            // Two consecutive hyphens would become a dash.
            text.Append(rune.Value == '-' && text.Length > 0 && text[^1] == '-' ? "{}-" : Of(rune));
        }

        return text.ToString();
    }

    /// <summary>The cells of a table's line, already escaped, with its end.</summary>
    public static string Line(params IEnumerable<string> cells)
    {
        string line = string.Join(" & ", cells);
        // TeX would read these as an argument of the preceding \\.
        return $"{(line is ['[' or '*', ..] ? "{}" : "")}{line} \\\\\n";
    }

    private static string Of(Rune rune)
    {
        int value = rune.Value;
        if (_signs.TryGetValue(value, out string? sign))
        {
            return sign;
        }

        return value switch
        {
            '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{(char)value}",
            <= ' ' or 0x7f or 0x2028 or 0x2029 => " ",
            < 0x7f => rune.ToString(),
            > 0xa0 and < 0x180 when !Unsupported.Contains((char)value) => rune.ToString(),
            _ when Rune.IsWhiteSpace(rune) || Rune.IsControl(rune) => " ",
            _ => string.Create(CultureInfo.InvariantCulture, $"[U+{value:X4}]"),
        };
    }
}
