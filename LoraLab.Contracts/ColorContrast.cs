using System.Globalization;

namespace LoraLab.Contracts;

/// <summary>Contrast of colors as WCAG 2 defines it; what carries meaning in a chart needs 3:1 against its background.</summary>
public static class ColorContrast
{
    /// <summary>The ratio that graphical objects need (WCAG 2.2, criterion 1.4.11).</summary>
    public const double Graphics = 3;

    /// <summary>Background of charts in the light theme.</summary>
    public const string LightSurface = "#ffffff";

    /// <summary>Background of charts in the dark theme.</summary>
    public const string DarkSurface = "#161b24";

    private const int Steps = 100;

    /// <summary>The contrast ratio of two colors, from 1 to 21.</summary>
    /// <param name="color"><c>#rrggbb</c>.</param>
    /// <param name="other"><c>#rrggbb</c>.</param>
    public static double Ratio(string color, string other)
    {
        (double a, double b) = (Luminance(Parse(color)), Luminance(Parse(other)));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    /// <summary>The color itself where it has the contrast, else the nearest mixture with black or white that has it.</summary>
    /// <param name="color"><c>#rrggbb</c>.</param>
    /// <param name="background"><c>#rrggbb</c>.</param>
    /// <param name="ratio">The contrast ratio required.</param>
    public static string Ensure(string color, string background, double ratio = Graphics)
    {
        string target = Luminance(Parse(background)) > 0.18 ? "#000000" : "#ffffff";
        for (int step = 0; step < Steps; step++)
        {
            string mixed = Mix(color, target, (double)step / Steps);
            if (Ratio(mixed, background) >= ratio)
            {
                return mixed;
            }
        }

        return target;
    }

    /// <summary>The color itself where it has the contrast in both themes, else the nearest mixture that has it.</summary>
    /// <param name="color"><c>#rrggbb</c>.</param>
    public static string InBothThemes(string color) => Ensure(Ensure(color, LightSurface), DarkSurface);

    private static string Mix(string color, string other, double share)
    {
        (double r, double g, double b) = Parse(color);
        (double toR, double toG, double toB) = Parse(other);
        return $"#{Byte(r, toR):x2}{Byte(g, toG):x2}{Byte(b, toB):x2}";

        int Byte(double from, double to) => (int)Math.Round(((from * (1 - share)) + (to * share)) * 255);
    }

    private static (double R, double G, double B) Parse(string color)
    {
        ArgumentNullException.ThrowIfNull(color);
        int rgb = int.Parse(color.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (((rgb >> 16) & 255) / 255.0, ((rgb >> 8) & 255) / 255.0, (rgb & 255) / 255.0);
    }

    private static double Luminance((double R, double G, double B) color)
    {
        return (0.2126 * Linear(color.R)) + (0.7152 * Linear(color.G)) + (0.0722 * Linear(color.B));

        static double Linear(double value) => value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }
}
