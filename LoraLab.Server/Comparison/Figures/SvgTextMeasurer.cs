using OxyPlot;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>
/// Measures text for SVG. By default the SVG exporter measures with the PDF render context, in points instead of pixels, so that text is
/// wider than the space reserved for it and labels overlap.
/// </summary>
#pragma warning disable CS0618 // Managed code, as for PDF files of studies.
internal sealed class SvgTextMeasurer() : PdfRenderContext(1, 1, OxyColors.White)
#pragma warning restore CS0618
{
    private const double PixelsPerPoint = 96.0 / 72;

    /// <summary>Browsers without Helvetica substitute a wider font.</summary>
    private const double WiderFont = 1.12;

    /// <summary>The size in pixels; a character that the font lacks counts like a question mark.</summary>
    public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
    {
        OxySize points = base.MeasureText(Plot.Text(text), fontFamily, fontSize, fontWeight);
        return new OxySize(points.Width * PixelsPerPoint * WiderFont, points.Height * PixelsPerPoint);
    }
}
