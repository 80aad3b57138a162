using System.Globalization;
using System.Text;

namespace LoraLab.Server.Comparison;

/// <summary>
/// Any text as LaTeX that compiles with pdflatex and its standard fonts: what TeX reads as a command is escaped, signs that are usual here
/// have their commands, and a character that those fonts lack is printed as its number, so that nothing vanishes.
/// </summary>
internal static class TexEscape
{
    /// <summary>Characters up to U+017F that the standard encodings of pdflatex do not set.</summary>
    private const string NotSet = "ĄąĘęĮįŲųÞþðĦħĸĿŀŉŊŋŦŧſ";

    private static readonly Dictionary<int, string> s_signs = new()
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

    public static string Of(string plain)
    {
        StringBuilder text = new(plain.Length);
        foreach (Rune rune in plain.EnumerateRunes())
        {
            // Two hyphens would become a dash.
            text.Append(rune.Value == '-' && text.Length > 0 && text[^1] == '-' ? "{}-" : Of(rune));
        }

        return text.ToString();
    }

    private static string Of(Rune rune)
    {
        int value = rune.Value;
        if (s_signs.TryGetValue(value, out string? sign))
        {
            return sign;
        }

        return value switch
        {
            '&' or '%' or '$' or '#' or '_' or '{' or '}' => $"\\{(char)value}",
            <= ' ' or 0x7f or 0x2028 or 0x2029 => " ",
            < 0x7f => rune.ToString(),
            > 0xa0 and < 0x180 when !NotSet.Contains((char)value) => rune.ToString(),
            _ when Rune.IsWhiteSpace(rune) || Rune.IsControl(rune) => " ",
            _ => string.Create(CultureInfo.InvariantCulture, $"[U+{value:X4}]"),
        };
    }
}
