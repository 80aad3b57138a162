using System.Text.RegularExpressions;

namespace LoraLab.Training.Tasks.Completion.Metrics;

/// <summary>The last number of a text, as digits: answers to arithmetic problems are longer than any number type at times.</summary>
/// <param name="Digits">Sign, digits without leading zeros, and decimals without trailing ones.</param>
internal sealed partial record LastNumber(string Digits)
{
    /// <summary>The last number of a text; null: it has none.</summary>
    public static LastNumber? In(string text)
    {
        // From the right, so that the last one is found first; a match still extends as far to the left as it can.
        Match last = Number().Match(text);
        for (Match next = last; next.Success; next = next.NextMatch())
        {
            last = next;
        }

        return last.Success ? new(Canonical(last)) : null;
    }

    private static string Canonical(Match number)
    {
        string whole = number.Groups["whole"].Value.Replace(",", "", StringComparison.Ordinal).TrimStart('0');
        string decimals = number.Groups["decimals"].Value.TrimEnd('0');
        string digits = (whole.Length == 0 ? "0" : whole) + (decimals.Length == 0 ? "" : "." + decimals);
        return number.Groups["minus"].Success && digits != "0" ? "-" + digits : digits;
    }

    // A minus sign behind a letter, digit or bracket is a hyphen or an operator: "top-10", "5-3", "(x)-2".
    [GeneratedRegex(
        @"(?<minus>(?<![\w)\]}.])[-\u2212])?\$?(?:(?<whole>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.(?<decimals>[0-9]+))?"
            + @"|(?<![0-9.])\.(?<decimals>[0-9]+))",
        RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
