using System.Text;
using LoraLab.Server.Experiments.Studies.Evidence;
using OxyPlot;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>A figure as a file: the same bytes for the same evidence, on every machine and at every time.</summary>
internal static class FigureFile
{
    private const string CreationDate = "/CreationDate (D:";

    public static byte[] Svg(IStudyFigure figure, StudyEvidence evidence)
    {
        SvgExporter exporter = new() { Width = figure.Size.Width, Height = figure.Size.Height, TextMeasurer = new SvgTextMeasurer() };
        string svg = exporter.ExportToString(figure.Draw(evidence)).TrimStart('\ufeff').ReplaceLineEndings("\n");
        return Encoding.UTF8.GetBytes(svg.Replace($"font-family=\"{Plot.Font}\"", $"font-family=\"{Plot.Font}, Arial, sans-serif\"", StringComparison.Ordinal));
    }

    public static byte[] Pdf(IStudyFigure figure, StudyEvidence evidence)
    {
        using MemoryStream file = new();
        // OxyPlot's other PDF exporter needs Skia's native library; this one is managed code and is enough for lines and letters.
#pragma warning disable CS0618
        PdfExporter exporter = new() { Width = figure.Size.Width, Height = figure.Size.Height };
#pragma warning restore CS0618
        exporter.Export(figure.Draw(evidence), file);
        byte[] bytes = file.ToArray();
        FixDate(bytes);
        return bytes;
    }

    /// <summary>The exporter writes the time of day into the file; the same digits in the same place keep its table of offsets right.</summary>
    private static void FixDate(Span<byte> bytes)
    {
        int at = bytes.IndexOf(Encoding.ASCII.GetBytes(CreationDate));
        if (at < 0)
        {
            return;
        }

        Span<byte> date = bytes[(at + CreationDate.Length)..];
        date = date[..date.IndexOf((byte)')')];
        foreach (ref byte digit in date)
        {
            digit = digit is >= (byte)'0' and <= (byte)'9' ? (byte)'0' : digit == '-' ? (byte)'+' : digit;
        }

        Encoding.ASCII.GetBytes("20000101", date);
    }
}
