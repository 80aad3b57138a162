using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Comparison;

/// <summary>A column of the comparison table; all values but the best accuracy are from the last evaluation.</summary>
/// <param name="Name">Column name in CSV.</param>
/// <param name="Title">Column heading in LaTeX.</param>
/// <param name="Format">Number format in LaTeX.</param>
/// <param name="Factor">Factor in LaTeX, for example 100 for percentages.</param>
/// <param name="Direction">1: higher is better; -1: lower is better; 0: neither, CSV only.</param>
/// <param name="Read">Reads the value; null: unknown.</param>
internal sealed record CompareColumn(string Name, string Title, string Format, double Factor, int Direction, Func<CompareRow, double?> Read)
{
    /// <summary>Confidence interval printed after the value.</summary>
    public Func<CompareRow, (double? Low, double? High)>? Interval { get; init; }

    /// <summary>The metrics with a column in tables of runs, the accuracy with its interval, then counts, costs and seeds.</summary>
    public static IReadOnlyList<CompareColumn> Of(IReadOnlyList<CompareRow> rows, MetricCatalog? metrics = null) =>
    [
        .. TaskDescriptors.Columns(rows.Select(row => TaskDescriptors.Of(row.Task, row.Metric)), metrics).SelectMany(Of),
        new("correct", "", "", 1, 0, row => row.Summary.Correct),
        new("evalRows", "", "", 1, 0, row => row.Summary.EvalRows),
        new("trainSeconds", "Train time (s)", "0.0", 1, -1, row => row.Summary.TrainSeconds),
        new("peakMemoryMb", "Peak memory (MiB)", "0", 1, -1, row => row.Summary.PeakMemoryMb),
        new("trainableParameters", "Trainable parameters", "#,0", 1, -1, row => row.Summary.TrainableParameters),
        new("evalSeconds", "", "", 1, 0, row => row.Summary.EvalSeconds),
        new("loadSeconds", "", "", 1, 0, row => row.Summary.LoadSeconds),
        new("predictionsBeside", "", "", 1, 0, row => row.Summary.PredictionsBeside),
        new("trainTokens", "", "", 1, 0, row => row.Summary.TrainTokens),
        new("bestAccuracy", "", "", 100, 0, row => row.Accuracy is null ? null : row.Best?.Value),
        new("bestOfEvaluations", "", "", 1, 0, row => row.Best?.Evaluations),
        new("majorityBaseline", "", "", 100, 0, row => row.MajorityBaseline),
        new("seed", "", "", 1, 0, row => row.Seed),
        new("orderSeed", "", "", 1, 0, row => row.OrderSeed),
    ];

    public string Print(CompareRow row) => Interval?.Invoke(row) is (double low, double high)
        ? $"{PrintValue(row)} [{Text(low)}, {Text(high)}]"
        : PrintValue(row);

    /// <summary>Whether the value of a run is marked as the best.</summary>
    public bool IsMarked(CompareRow row, IReadOnlyList<CompareMark> marks) => marks.Contains(new CompareMark(row.RunId, Name));

    private static IEnumerable<CompareColumn> Of(MetricDescriptor metric)
    {
        CompareColumn column = new(
            metric.Key,
            metric.Heading,
            metric.TableFormat,
            metric.Number(1),
            metric.Sign,
            row => row.Summary[metric.Key]?.Last);
        return metric.Key != MetricKeys.EvalAccuracy ? [column] :
        [
            column with { Title = $"{metric.Heading} [95% CI]", Interval = row => (row.Accuracy?.Low, row.Accuracy?.High) },
            new("accuracyLow", "", "", 100, 0, row => row.Accuracy?.Low),
            new("accuracyHigh", "", "", 100, 0, row => row.Accuracy?.High),
        ];
    }

    private string PrintValue(CompareRow row) => Read(row) is double value ? Text(value) : "--";

    private string Text(double value) => (value * Factor).ToString(Format, CultureInfo.InvariantCulture);
}
