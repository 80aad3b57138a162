using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Server.Comparison;

/// <summary>
/// Writes a comparison as LaTeX tables: the runs (best value of each column in bold), methods over seeds if a method has several, and the
/// paired tests performed.
/// </summary>
internal static class CompareTex
{
    private const double Percent = 100;

    public static string Write(CompareDocument document)
    {
        TexLines text = new TexLines().Comment("\\usepackage{booktabs}");
        foreach (string note in document.Notes)
        {
            text.Comment(note);
        }

        Runs(document, text);
        if (document.Methods.Groups.Any(group => group.Seeds.Count > 1))
        {
            Methods(document.Methods, text);
        }

        if (document.PairedTests.Tested > 0)
        {
            Pairs(document, text);
        }

        return text.ToString();
    }

    private static void Runs(CompareDocument document, TexLines text) => text
        .Comment("Results of the last evaluation; accuracy with its 95% Wilson confidence interval.")
        .Table(
            "ll" + new string('r', CompareColumn.Printed.Count),
            ["Run", "Method", .. CompareColumn.Printed.Select(column => TexLines.Escape(column.Title))],
            document.Rows.Select(row => (IEnumerable<string>)
            [
                TexLines.Escape(row.Label),
                TexLines.Escape(row.Method),
                .. CompareColumn.Printed.Select(column => column.IsBest(row, document.Rows)
                    ? $"\\textbf{{{TexLines.Escape(column.Print(row))}}}"
                    : TexLines.Escape(column.Print(row))),
            ]));

    private static void Methods(MethodComparison methods, TexLines text)
    {
        text.Comment("Methods over seeds: mean and sample standard deviation, 95% t-based confidence interval of the mean.");
        foreach (string reason in methods.Pairs.Select(pair => pair.NotTestedReason).OfType<string>().Distinct())
        {
            text.Comment($"Not tested: {reason}");
        }

        MetricDescriptor accuracy = MetricCatalog.Default.Of(MetricKeys.EvalAccuracy);
        IReadOnlyList<MetricDescriptor> others = [.. MetricCatalog.Default.Columns.Where(metric => metric != accuracy)];
        text.Table(
            "lrrr" + new string('r', others.Count),
            ["Method", "Seeds", "Accuracy (\\%)", "95\\% CI", .. others.Select(metric => TexLines.Escape(metric.Heading))],
            methods.Groups.Select(group => (IEnumerable<string>)
            [
                TexLines.Escape(group.Label),
                group.Accuracy.N.ToString(CultureInfo.InvariantCulture),
                Spread(accuracy, group.Accuracy),
                group.Accuracy is { Low: double low, High: double high } ? $"[{Text(low)}, {Text(high)}]" : "--",
                .. others.Select(metric => Spread(metric, group.Metrics.GetValueOrDefault(metric.Key))),
            ]));
        Dictionary<string, string> labels = methods.Groups.ToDictionary(group => group.Id, group => TexLines.Escape(group.Label));
        if (methods.Tested > 0)
        {
            text.Comment("Differences paired by seed: two-sided paired t test, Holm-adjusted over all tested pairs.").Table(
                "llrrrr",
                ["Method", "Method", "Seeds", "Difference (pp)", "$t$", "$p$ (Holm)"],
                methods.Pairs.Where(pair => pair.P is not null).Select(pair => (IEnumerable<string>)
                    [
                        labels[pair.GroupA],
                        labels[pair.GroupB],
                        $"{pair.CommonSeeds}",
                        Text(pair.Difference),
                        pair.T?.ToString("0.00", CultureInfo.InvariantCulture) ?? "--",
                        PValue(pair.HolmP),
                    ]));
        }
    }

    private static void Pairs(CompareDocument document, TexLines text)
    {
        Dictionary<string, string> names = document.Rows.ToDictionary(row => row.RunId, row => TexLines.Escape(row.Label));
        text.Comment($"{document.PairedTests.Label}: {document.PairedTests.Test}.").Table(
            "llrrrr",
            ["Run", "Run", "$b$", "$c$", "Difference (pp)", "$p$ (Holm)"],
            document.PairedTests.Pairs.Where(pair => pair.P is not null).Select(pair => (IEnumerable<string>)
                [names[pair.RunA], names[pair.RunB], $"{pair.B}", $"{pair.C}", Text(pair.Difference), PValue(pair.HolmP)]));
    }

    private static string Spread(MetricDescriptor metric, SeedStatistics? statistics)
    {
        string Text(double value) => metric.Number(value).ToString(metric.TableFormat, CultureInfo.InvariantCulture);
        return statistics is null ? "--"
            : statistics.StandardDeviation is double deviation ? $"${Text(statistics.Mean)} \\pm {Text(deviation)}$"
            : Text(statistics.Mean);
    }

    private static string Text(double? share) =>
        share is double value ? (value * Percent).ToString("0.0", CultureInfo.InvariantCulture) : "--";

    private static string PValue(double? p) =>
        p is not double value ? "--" : value < 0.001 ? "$<0.001$" : value.ToString("0.000", CultureInfo.InvariantCulture);
}
