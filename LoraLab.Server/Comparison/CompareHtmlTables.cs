using System.Globalization;
using System.Xml.Linq;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Comparison;

/// <summary>The tables of a comparison as HTML.</summary>
internal static class CompareHtmlTables
{
    public static IEnumerable<XElement> Of(CompareDocument document)
    {
        yield return new XElement("h2", "Runs");
        yield return Runs(document);
        if (document.Marks.Count > 0)
        {
            yield return new XElement(
                "p", CompareHtml.Text($"Bold: best, and shown to differ from all others ({document.Margins.Text})."));
        }

        if (document.Methods.Groups.Any(group => group.Seeds.Count > 1))
        {
            yield return new XElement("h2", "Methods over seeds");
            yield return Methods(document.Methods);
        }

        if (document.PairedTests.Tested > 0)
        {
            yield return new XElement("h2", "Pairwise tests");
            yield return new XElement("p", CompareHtml.Text($"{document.PairedTests.Label}: {document.PairedTests.Test}."));
            yield return Pairs(document);
        }

        if (document.Differences.Count > 0)
        {
            yield return new XElement("h2", "Differences");
            yield return Differences(document);
        }
    }

    private static XElement Runs(CompareDocument document)
    {
        IReadOnlyList<CompareColumn> columns = [.. CompareColumn.Of(document.Rows).Where(column => column.Direction != 0)];
        return Table(
            ["Run", "Method", "State", .. columns.Select(column => column.Title)],
            document.Rows.Select(row => (IEnumerable<XElement>)
            [
                Cell(row.Label),
                Cell(row.Method),
                Cell(row.State.ToString().ToLowerInvariant()),
                .. columns.Select(column => Number(column.Print(row), column.IsMarked(row, document.Marks))),
            ]));
    }

    private static XElement Methods(MethodComparison methods) => Table(
        ["Method", "Metric", "Seeds", "Mean", "Standard deviation", "95% CI"],
        methods.Groups.Select(group =>
        {
            MetricDescriptor metric = MetricCatalog.Default.Of(group.Metric);
            return (IEnumerable<XElement>)
            [
                Cell(group.Label),
                Cell(metric.Heading),
                Number(group.Result.N.ToString(CultureInfo.InvariantCulture)),
                Number(Mean(metric, group.Result.Mean)),
                Number(Mean(metric, group.Result.StandardDeviation)),
                Number(group.Result.Low is null ? "–" : $"[{Mean(metric, group.Result.Low)}, {Mean(metric, group.Result.High)}]"),
            ];
        }));

    private static XElement Pairs(CompareDocument document)
    {
        MetricDescriptor metric = MetricCatalog.Default.Of(document.PairedTests.Metric);
        Dictionary<string, string> labels = document.Rows.ToDictionary(row => row.RunId, row => row.Label);
        return Table(
            ["Run", "Run", "Rows", "Difference", "95% CI", "p (Holm)"],
            document.PairedTests.Pairs.Where(pair => pair.P is not null).Select(pair => (IEnumerable<XElement>)
            [
                Cell(labels[pair.RunA]),
                Cell(labels[pair.RunB]),
                Number(NumberFormat.Count(pair.Rows ?? 0)),
                Number(metric.Difference(pair.Difference ?? 0)),
                Number(pair is { Low: double low, High: double high } ? $"{metric.Difference(low)} to {metric.Difference(high)}" : "–"),
                Number(pair.HolmP is double p ? NumberFormat.PValue(p) : "–"),
            ]));
    }

    private static XElement Differences(CompareDocument document) => Table(
        ["Field", .. document.Rows.Select(row => row.Label)],
        document.Differences.Select(difference => (IEnumerable<XElement>)
            [Cell(difference.Field), .. document.Rows.Select(row => Cell(SettingFormat.Format(difference.Values[row.RunId])))]));

    private static string Mean(MetricDescriptor metric, double? value) =>
        value is double known ? metric.Number(known).ToString(metric.MeanFormat, CultureInfo.InvariantCulture) : "–";

    private static XElement Table(IEnumerable<string> head, IEnumerable<IEnumerable<XElement>> rows) => new(
        "div",
        new XAttribute("class", "wide"),
        new XElement(
            "table",
            new XElement("thead", new XElement("tr", head.Select(title => new XElement("th", CompareHtml.Text(title))))),
            new XElement("tbody", rows.Select(cells => new XElement("tr", cells)))));

    private static XElement Cell(string text) => new("td", CompareHtml.Text(text));

    private static XElement Number(string text, bool isBest = false) =>
        new("td", new XAttribute("class", "number"), isBest ? new XElement("strong", text) : text);
}
