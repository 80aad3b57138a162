using LoraLab.Contracts;
using LoraLab.Server.Infrastructure.Errors;
using OxyPlot;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>The colors of a figure beside those of its curves; those of the dashboard in the same theme.</summary>
/// <param name="Name"><c>light</c> or <c>dark</c>.</param>
/// <param name="Surface">Background, <c>#rrggbb</c>.</param>
/// <param name="Text">Text, axes and ticks.</param>
/// <param name="Grid">Grid lines.</param>
internal sealed record PlotTheme(string Name, string Surface, OxyColor Text, OxyColor Grid)
{
    public static PlotTheme Light { get; } = new("light", ColorContrast.LightSurface, OxyColors.Black, OxyColor.FromRgb(0xe0, 0xe0, 0xe0));

    public static PlotTheme Dark { get; } =
        new("dark", ColorContrast.DarkSurface, OxyColor.FromRgb(0xe4, 0xe8, 0xf0), OxyColor.FromRgb(0x27, 0x30, 0x41));

    public OxyColor Background => OxyColor.Parse(Surface);

    /// <summary>The theme of that name; null and the empty text: light.</summary>
    /// <exception cref="ApiFailure">There is none of that name.</exception>
    public static PlotTheme Of(string? name) => name switch
    {
        null or "" or "light" => Light,
        "dark" => Dark,
        _ => throw ApiFailure.Invalid("theme", $"theme is \"{PlainName.Of(name, 80)}\"; it must be light or dark."),
    };

    /// <summary>A color of a curve, moved as far from the background as its contrast requires.</summary>
    public OxyColor Curve(string color) => OxyColor.Parse(ColorContrast.Ensure(color, Surface));

    /// <summary>The same; its transparency stays.</summary>
    public OxyColor Curve(OxyColor color) => color.IsVisible()
        ? OxyColor.FromAColor(color.A, Curve($"#{color.R:x2}{color.G:x2}{color.B:x2}"))
        : color;
}
