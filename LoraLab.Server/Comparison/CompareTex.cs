using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Comparison;

/// <summary>
/// Writes a comparison as LaTeX tables: the runs (a value in bold: the best, and shown to differ), methods over seeds if a method has
/// several, and the paired tests performed.
/// </summary>
internal static class CompareTex
{
    public static string Write(CompareDocument document)
    {
        TexLines text = new TexLines().Comment("\\usepackage{booktabs}");
        foreach (string note in document.Notes)
        {
            text.Comment(note);
        }

        Runs(document, [.. CompareColumn.Of(document.Rows).Where(column => column.Direction != 0)], text);
        if (document.Methods.Groups.Any(group => group.Seeds.Count > 1))
        {
            Methods(document, text);
        }

        if (document.PairedTests.Tested > 0)
        {
            Pairs(document, text);
        }

        return text.ToString();
    }

    private static void Runs(CompareDocument document, IReadOnlyList<CompareColumn> columns, TexLines text) => text
        .Comment("Results of the last evaluation; accuracy with its 95% Wilson confidence interval.")
        .Table(
            "ll" + new string('r', columns.Count),
            ["Run", "Method", .. columns.Select(column => TexLines.Escape(column.Title))],
            document.Rows.Select(row => (IEnumerable<string>)
            [
                TexLines.Escape(row.Label),
                TexLines.Escape(row.Method),
                .. columns.Select(column => column.IsMarked(row, document.Marks)
                    ? $"\\textbf{{{TexLines.Escape(column.Print(row))}}}"
                    : TexLines.Escape(column.Print(row))),
            ]));

    private static void Methods(CompareDocument document, TexLines text)
    {
        MethodComparison methods = document.Methods;
        text.Comment("Methods over seeds: mean and sample standard deviation, 95% t-based confidence interval of the mean.");
        foreach (string reason in methods.Pairs.Select(pair => pair.NotTestedReason).OfType<string>().Distinct())
        {
            text.Comment($"Not tested: {reason}");
        }

        MetricDescriptor primary = MetricCatalog.Default.Of(methods.Groups[0].Metric);
        IReadOnlyList<MetricDescriptor> others =
            [.. TaskDescriptors.Columns(document.Rows.Select(row => TaskDescriptors.Of(row.Task, row.Metric)))
                .Where(metric => metric.Key != primary.Key)];
        text.Table(
            "lrrr" + new string('r', others.Count),
            [
                "Method", "Seeds", TexLines.Escape(primary.Heading), "95\\% CI", .. others.Select(
                    metric => TexLines.Escape(metric.Heading)),
            ],
            methods.Groups.Select(group => (IEnumerable<string>)
            [
                TexLines.Escape(group.Label),
                group.Result.N.ToString(CultureInfo.InvariantCulture),
                group.Metric == primary.Key ? Spread(primary, group.Result) : "--",
                group.Metric == primary.Key && group.Result is { Low: double low, High: double high }
                    ? $"[{Text(primary, low)}, {Text(primary, high)}]" : "--",
                .. others.Select(metric => Spread(metric, group.Metrics.GetValueOrDefault(metric.Key))),
            ]));
        Dictionary<string, string> labels = methods.Groups.ToDictionary(group => group.Id, group => TexLines.Escape(group.Label));
        if (methods.Tested > 0)
        {
            text.Comment("Differences paired by seed: two-sided paired t test, Holm-adjusted over all tested pairs.").Table(
                "llrrrr",
                ["Method", "Method", "Seeds", DifferenceHeading(primary), "$t$", "$p$ (Holm)"],
                methods.Pairs.Where(pair => pair.P is not null).Select(pair => (IEnumerable<string>)
                    [
                        labels[pair.GroupA],
                        labels[pair.GroupB],
                        $"{pair.CommonSeeds}",
                        Text(primary, pair.Difference),
                        pair.T?.ToString("0.00", CultureInfo.InvariantCulture) ?? "--",
                        PValue(pair.HolmP),
                    ]));
        }
    }

    private static void Pairs(CompareDocument document, TexLines text)
    {
        Dictionary<string, string> names = document.Rows.ToDictionary(row => row.RunId, row => TexLines.Escape(row.Label));
        MetricDescriptor metric = MetricCatalog.Default.Of(document.PairedTests.Metric);
        List<PairedTest> tested = [.. document.PairedTests.Pairs.Where(pair => pair.P is not null)];
        text.Comment($"{document.PairedTests.Label}: {document.PairedTests.Test}.");
        if (tested.Exists(pair => pair.Low is not null))
        {
            text.Table(
                "llrrr",
                ["Run", "Run", DifferenceHeading(metric), "95\\% CI", "$p$ (Holm)"],
                tested.Select(pair => (IEnumerable<string>)
                [
                    names[pair.RunA],
                    names[pair.RunB],
                    Text(metric, pair.Difference),
                    $"[{Text(metric, pair.Low)}, {Text(metric, pair.High)}]",
                    PValue(pair.HolmP),
                ]));
            return;
        }

        text.Table(
            "llrrrr",
            ["Run", "Run", "$b$", "$c$", DifferenceHeading(metric), "$p$ (Holm)"],
            tested.Select(pair => (IEnumerable<string>)
                [names[pair.RunA], names[pair.RunB], $"{pair.B}", $"{pair.C}", Text(metric, pair.Difference), PValue(pair.HolmP)]));
    }

    private static string DifferenceHeading(MetricDescriptor metric) =>
        metric.Format == MetricFormat.Share ? "Difference (pp)" : "Difference";

    private static string Spread(MetricDescriptor metric, SeedStatistics? statistics)
    {
        string Text(double value) => metric.Number(value).ToString(metric.TableFormat, CultureInfo.InvariantCulture);
        return statistics is null ? "--"
            : statistics.StandardDeviation is double deviation ? $"${Text(statistics.Mean)} \\pm {Text(deviation)}$"
            : Text(statistics.Mean);
    }

    private static string Text(MetricDescriptor metric, double? value) =>
        value is double known ? metric.Number(known).ToString(metric.TableFormat, CultureInfo.InvariantCulture) : "--";

    private static string PValue(double? p) =>
        p is not double value ? "--" : value < 0.001 ? "$<0.001$" : value.ToString("0.000", CultureInfo.InvariantCulture);
}
