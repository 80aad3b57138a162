using System.Globalization;
using System.Text;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>Names as text in a picture or a page: one line, without characters that XML lacks or that turn the text around them.</summary>
internal static class PlainName
{
    /// <summary>The name without control characters and marks of direction, shortened in the middle if it is longer.</summary>
    public static string Of(string name, int length = int.MaxValue)
    {
        StringBuilder text = new(name.Length);
        foreach (Rune rune in name.EnumerateRunes())
        {
            text.Append(Rune.IsControl(rune) ? " " : IsAllowed(rune) ? rune.ToString() : "");
        }

        int[] starts = StringInfo.ParseCombiningCharacters(text.ToString());
        if (starts.Length <= length)
        {
            return text.ToString();
        }

        string all = text.ToString();
        int head = length / 2;
        return string.Concat(all.AsSpan(0, starts[head]), "…", all.AsSpan(starts[starts.Length - (length - head - 1)]));
    }

    private static bool IsAllowed(Rune rune) =>
        Rune.GetUnicodeCategory(rune) != UnicodeCategory.Format && rune.Value is not (0xfffe or 0xffff);
}
