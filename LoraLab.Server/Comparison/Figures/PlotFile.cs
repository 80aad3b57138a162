using System.Text;
using OxyPlot;
using SkiaSharp;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>Plots as files; the same plot gives the same bytes.</summary>
internal static class PlotFile
{
    /// <summary>Pixels of a PNG for each unit of the plot, so that it stays sharp on screens with a high resolution.</summary>
    private const int Scale = 2;

    public static byte[] Svg(PlotModel plot, int width, int height)
    {
        SvgExporter exporter = new() { Width = width, Height = height, TextMeasurer = new SvgTextMeasurer() };
        string svg = exporter.ExportToString(plot).TrimStart('\ufeff').ReplaceLineEndings("\n");
        return Encoding.UTF8.GetBytes(svg.Replace(
            $"font-family=\"{Plot.Font}\"", $"font-family=\"{Plot.Font}, Arial, sans-serif\"", StringComparison.Ordinal));
    }

    public static byte[] Png(PlotModel plot, int width, int height)
    {
        using SKBitmap bitmap = new(width * Scale, height * Scale);
        using (SKCanvas canvas = new(bitmap))
        {
            OxyColor background = plot.Background;
            canvas.Clear(new SKColor(background.R, background.G, background.B, background.A));
            canvas.Scale(Scale);
            using SkiaContext context = new(canvas);
            IPlotModel model = plot;
            model.Update(true);
            model.Render(context, new OxyRect(0, 0, width, height));
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
