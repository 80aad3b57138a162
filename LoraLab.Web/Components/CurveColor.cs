using LoraLab.Contracts;

namespace LoraLab.Web.Components;

/// <summary>Colors of runs as they are drawn: with enough contrast in both themes, whatever an earlier version stored.</summary>
internal static class CurveColor
{
    private static readonly Dictionary<string, string> _known = [];

    /// <summary>The color, or the nearest that stands out in both themes; of another notation, the color itself.</summary>
    internal static string Of(string color)
    {
        if (_known.TryGetValue(color, out string? known))
        {
            return known;
        }

        bool isHex = color.Length == 7 && color[0] == '#' && color.Skip(1).All(char.IsAsciiHexDigit);
        return _known[color] = isHex ? ColorContrast.InBothThemes(color) : color;
    }
}
