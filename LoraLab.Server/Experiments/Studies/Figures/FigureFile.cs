using System.Text;
using LoraLab.Server.Comparison.Figures;
using LoraLab.Server.Experiments.Studies.Evidence;
using OxyPlot;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>Exports figures reproducibly: the same evidence gives the same bytes, on every machine and at any time.</summary>
internal static class FigureFile
{
    private const string CreationDate = "/CreationDate (D:";

    public static byte[] Svg(IStudyFigure figure, StudyEvidence evidence) =>
        PlotFile.Svg(figure.Draw(evidence), figure.Size.Width, figure.Size.Height);

    /// <summary>The same in the colors of a theme, for a page.</summary>
    public static byte[] Svg(IStudyFigure figure, StudyEvidence evidence, PlotTheme theme) => PlotFile.Svg(
        theme == PlotTheme.Light ? figure.Draw(evidence) : Plot.Dress(figure.Draw(evidence), theme),
        figure.Size.Width,
        figure.Size.Height);

    public static byte[] Pdf(IStudyFigure figure, StudyEvidence evidence)
    {
        using MemoryStream file = new();
        // OxyPlot's other PDF exporter needs Skia's native library; this one is managed code and suffices for lines and text.
#pragma warning disable CS0618
        PdfExporter exporter = new() { Width = figure.Size.Width, Height = figure.Size.Height };
#pragma warning restore CS0618
        exporter.Export(figure.Draw(evidence), file);
        byte[] bytes = file.ToArray();
        FixDate(bytes);
        return bytes;
    }

    /// <summary>Replaces the creation time in the file; the same number of digits keeps the PDF's offset table valid.</summary>
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
