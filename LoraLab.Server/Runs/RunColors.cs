using System.Globalization;
using LoraLab.Contracts;

namespace LoraLab.Server.Runs;

/// <summary>
/// A run has its method's color, so that a method looks the same everywhere; further runs of the method get distinguishable
/// shades of it.
/// </summary>
internal static class RunColors
{
    /// <summary>Lightness and hue offsets, closest to the method's own color first.</summary>
    private static readonly (double Lightness, double Hue)[] _shades =
    [
        (0, 0), (0.16, 8), (-0.14, -8), (0.26, -12), (-0.22, 12), (0.09, 18), (-0.07, -18), (0.32, 14), (-0.27, -4), (0.2, -22),
        (-0.17, 22), (0.04, 28),
    ];

    /// <summary>
    /// The first shade of <paramref name="method"/> that is not in <paramref name="taken"/>; once all are taken, they repeat.
    /// </summary>
    /// <param name="method">The method's own color.</param>
    /// <param name="taken">Number of runs per color.</param>
    public static string Assign(string method, IReadOnlyDictionary<string, int> taken)
    {
        string[] shades = [.. _shades.Select(shade => Shade(method, shade.Lightness, shade.Hue))];
        return shades.FirstOrDefault(shade => !taken.ContainsKey(shade)) ?? shades[taken.Values.Sum() % shades.Length];
    }

    private static string Shade(string color, double lightness, double hue)
    {
        if (lightness == 0 && hue == 0)
        {
            return color;
        }

        (double h, double s, double l) = ToHsl(color);
        return ColorContrast.InBothThemes(FromHsl((h + hue + 360) % 360, s, Math.Clamp(l + lightness, 0.24, 0.8)));
    }

    private static (double H, double S, double L) ToHsl(string color)
    {
        int rgb = int.Parse(color.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        double r = ((rgb >> 16) & 255) / 255.0;
        double g = ((rgb >> 8) & 255) / 255.0;
        double b = (rgb & 255) / 255.0;
        double max = Math.Max(r, Math.Max(g, b));
        double min = Math.Min(r, Math.Min(g, b));
        double l = (max + min) / 2;
        double span = max - min;
        if (span == 0)
        {
            return (0, 0, l);
        }

        double h = max == r ? (g - b) / span % 6 : max == g ? ((b - r) / span) + 2 : ((r - g) / span) + 4;
        return (((h * 60) + 360) % 360, span / (1 - Math.Abs((2 * l) - 1)), l);
    }

    private static string FromHsl(double h, double s, double l)
    {
        double chroma = (1 - Math.Abs((2 * l) - 1)) * s;
        double x = chroma * (1 - Math.Abs((h / 60 % 2) - 1));
        (double r, double g, double b) = (int)(h / 60) switch
        {
            0 => (chroma, x, 0.0),
            1 => (x, chroma, 0.0),
            2 => (0.0, chroma, x),
            3 => (0.0, x, chroma),
            4 => (x, 0.0, chroma),
            _ => (chroma, 0.0, x),
        };
        double m = l - (chroma / 2);
        return $"#{Byte(r + m):x2}{Byte(g + m):x2}{Byte(b + m):x2}";

        static int Byte(double value) => (int)Math.Round(Math.Clamp(value, 0, 1) * 255);
    }
}
