using OxyPlot;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>
/// How large text is in an SVG. The SVG exporter measures with the context of PDF files, which draws text in points where the file
/// counts in pixels, so that an SVG's text is wider than the room that is left for it: labels ran into each other.
/// </summary>
#pragma warning disable CS0618 // Managed code, as FigureFile says.
internal sealed class SvgTextMeasurer() : PdfRenderContext(1, 1, OxyColors.White)
#pragma warning restore CS0618
{
    private const double PixelsPerPoint = 96.0 / 72;

    /// <summary>A browser without Helvetica takes a font that is wider.</summary>
    private const double WiderFont = 1.12;

    public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
    {
        OxySize points = base.MeasureText(text, fontFamily, fontSize, fontWeight);
        return new OxySize(points.Width * PixelsPerPoint * WiderFont, points.Height * PixelsPerPoint);
    }
}
