using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Comparison;

/// <summary>The tables of a comparison as CSV.</summary>
internal static class CompareCsv
{
    /// <summary>One row per run, with the specification fields that differ.</summary>
    public static string Runs(CompareDocument document)
    {
        CsvLines text = new();
        IReadOnlyList<CompareColumn> columns = CompareColumn.Of(document.Rows);
        text.Add(
        [
            "runId",
            "name",
            "method",
            "state",
            .. columns.Select(column => column.Name),
            "memorySource",
            "finalSha256",
            "label",
            .. document.Differences.Select(difference => $"spec.{difference.Field}"),
        ]);
        foreach (CompareRow row in document.Rows)
        {
            text.Add(
            [
                row.RunId,
                row.Name,
                row.Method,
                row.State.ToString().ToLowerInvariant(),
                .. columns.Select(column => CsvLines.Number(column.Read(row))),
                row.MemorySource,
                row.FinalSha256,
                row.Label,
                .. document.Differences.Select(difference => CsvLines.Plain(difference.Values[row.RunId])),
            ]);
        }

        return text.ToString();
    }

    /// <summary>One row per pair of runs.</summary>
    public static string Pairs(CompareDocument document)
    {
        CsvLines text = new();
        text.Add("runA", "runB", "nameA", "nameB", "rows", "b", "c", "difference", "p", "holmP", "refused", "factors");
        Dictionary<string, string> names = document.Rows.ToDictionary(row => row.RunId, row => row.Label);
        foreach (PairedTest pair in document.PairedTests.Pairs)
        {
            text.Add(
                pair.RunA,
                pair.RunB,
                names[pair.RunA],
                names[pair.RunB],
                Whole(pair.Rows),
                Whole(pair.B),
                Whole(pair.C),
                CsvLines.Number(pair.Difference),
                CsvLines.Number(pair.P),
                CsvLines.Number(pair.HolmP),
                pair.NotTestedReason,
                string.Join(' ', pair.Factors));
        }

        return text.ToString();
    }

    /// <summary>One row per group of runs that differ in their seeds only, with every metric that has a column in tables of runs.</summary>
    public static string Methods(CompareDocument document, MetricCatalog? metrics = null)
    {
        IReadOnlyList<MetricDescriptor> columns =
            TaskDescriptors.Columns(document.Rows.Select(row => TaskDescriptors.Of(row.Task, row.Metric)), metrics);
        CsvLines text = new();
        text.Add(
        [
            "group",
            "label",
            "method",
            "seeds",
            .. columns.SelectMany(metric => new[] { "Mean", "Sd", "Low", "High" }.Select(figure => metric.ShortKey + figure)),
            "seedList",
        ]);
        foreach (MethodGroup group in document.Methods.Groups)
        {
            text.Add(
            [
                group.Id,
                group.Label,
                group.Method,
                Whole(group.Result.N),
                .. columns.SelectMany(metric => Figures(group.Metrics.GetValueOrDefault(metric.Key))),
                string.Join(' ', group.Seeds.Select(seed => seed.OrderSeed is long order ? $"{seed.Seed}/{order}" : $"{seed.Seed}")),
            ]);
        }

        return text.ToString();
    }

    private static string?[] Figures(SeedStatistics? statistics) =>
        [
            CsvLines.Number(statistics?.Mean),
            CsvLines.Number(statistics?.StandardDeviation),
            CsvLines.Number(statistics?.Low),
            CsvLines.Number(statistics?.High),
        ];

    private static string? Whole(int? value) => value?.ToString(CultureInfo.InvariantCulture);
}
