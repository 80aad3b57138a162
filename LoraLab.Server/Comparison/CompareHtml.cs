using System.Globalization;
using System.Xml.Linq;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Figures;

namespace LoraLab.Server.Comparison;

/// <summary>
/// Writes a comparison as one page that needs no server: verdict, notes, tables and figures. Every text is encoded as the content of an
/// element, the page has no script, and its policy forbids all that it does not carry itself.
/// </summary>
internal static class CompareHtml
{
    /// <summary>Nothing is loaded and nothing runs; pictures and styles are those in the page.</summary>
    public const string Policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    /// <summary>Writes the page.</summary>
    /// <param name="document">The comparison.</param>
    /// <param name="figures">Metrics with their pictures as SVG: one for each theme of the reader's system, or one for all.</param>
    /// <param name="style">Style sheet.</param>
    public static string Write(
        CompareDocument document, IReadOnlyList<(MetricDescriptor Metric, IReadOnlyList<byte[]> Svg)> figures, string style)
    {
        XElement body = new(
            "main",
            new XElement("h1", $"Comparison of {document.Rows.Count.ToString(CultureInfo.InvariantCulture)} runs"),
            new XElement(
                "p",
                new XAttribute("class", "verdict"),
                new XAttribute("data-testid", "verdict"),
                Text(document.Verdict ?? "Fewer than two runs have a result, so there is nothing to compare yet.")),
            document.Missing.Count == 0 ? null : new XElement(
                "p", "Left out, because there is no such run: ", Text(string.Join(", ", document.Missing)), "."),
            document.Notes.Count == 0 ? null : new XElement("ul", document.Notes.Select(note => new XElement("li", Text(note)))),
            CompareHtmlTables.Of(document),
            new XElement("h2", "Figures"),
            figures.Select(figure => Figure(figure.Metric, figure.Svg)));
        XElement page = new(
            "html",
            new XAttribute("lang", "en"),
            new XElement(
                "head",
                new XElement("meta", new XAttribute("charset", "utf-8")),
                new XElement("meta", new XAttribute("http-equiv", "Content-Security-Policy"), new XAttribute("content", Policy)),
                new XElement("meta", new XAttribute("name", "viewport"), new XAttribute("content", "width=device-width")),
                new XElement("title", "Comparison · LoraLab"),
                new XElement("style", style)),
            new XElement("body", body));
        return $"<!DOCTYPE html>\n{page.ToString(SaveOptions.DisableFormatting)}\n";
    }

    /// <summary>Text whose direction does not spread to what stands around it.</summary>
    public static XElement Text(string text) => new("bdi", PlainName.Of(text));

    private static XElement Figure(MetricDescriptor metric, IReadOnlyList<byte[]> svg)
    {
        XElement image = new(
            "img", new XAttribute("src", Data(svg[0])), new XAttribute("alt", $"{metric.ChartTitle} of the runs over the optimizer steps"));
        return new XElement(
            "figure",
            new XElement(
                "picture",
                svg.Skip(1).Select(dark => new XElement(
                    "source", new XAttribute("media", "(prefers-color-scheme: dark)"), new XAttribute("srcset", Data(dark)))),
                image),
            new XElement("figcaption", Text(metric.ChartTitle)));
    }

    private static string Data(byte[] svg) => $"data:image/svg+xml;base64,{Convert.ToBase64String(svg)}";
}
