using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Compare;

/// <summary>A figure of the comparison's table.</summary>
/// <param name="Name">Name in CSV.</param>
/// <param name="Title">Heading in print.</param>
/// <param name="Format">Format in print.</param>
/// <param name="Factor">Factor in print, for example to percent.</param>
/// <param name="Best">1: higher is better; -1: lower; 0: neither.</param>
/// <param name="Read">The value; null: unknown.</param>
internal sealed record CompareColumn(string Name, string Title, string Format, double Factor, int Best, Func<RunSummary, double?> Read)
{
    public static IReadOnlyList<CompareColumn> All { get; } =
    [
        new(MetricKeys.EvalAccuracy, "Accuracy (%)", "0.0", 100, 1, summary => summary.Accuracy?.Last),
        new(MetricKeys.EvalMacroF1, "Macro-F1 (%)", "0.0", 100, 1, summary => summary.MacroF1?.Last),
        new("correct", "Correct", "0", 1, 0, summary => summary.Correct),
        new("evalRows", "Rows", "0", 1, 0, summary => summary.EvalRows),
        new("trainSeconds", "Train time (s)", "0.0", 1, -1, summary => summary.TrainSeconds),
        new("peakMemoryMb", "Peak memory (MiB)", "0", 1, -1, summary => summary.PeakMemoryMb),
        new("trainableParameters", "Trainable parameters", "#,0", 1, -1, summary => summary.TrainableParameters),
        new("evalSeconds", "Eval time (s)", "0.0", 1, 0, summary => summary.EvalSeconds),
        new("loadSeconds", "Load time (s)", "0.0", 1, 0, summary => summary.LoadSeconds),
        new("trainTokens", "Train tokens", "#,0", 1, 0, summary => summary.TrainTokens),
        new("bestAccuracy", "Best accuracy (%)", "0.0", 100, 0, summary => summary.Accuracy?.Best),
        new("majorityBaseline", "Majority baseline (%)", "0.0", 100, 0, summary => summary.MajorityBaseline),
    ];

    /// <summary>Columns of the printed table.</summary>
    public static IReadOnlyList<CompareColumn> Printed { get; } = [.. All.Where(column => column.Best != 0)];

    public string Print(CompareRow row) => Read(row.Summary) is double value ? (value * Factor).ToString(Format, CultureInfo.InvariantCulture) : "--";

    /// <summary>Whether the row has the best value as printed, among at least two.</summary>
    public bool IsBest(CompareRow row, IReadOnlyList<CompareRow> rows)
    {
        List<double> values = [.. rows.Select(other => Read(other.Summary)).OfType<double>()];
        return Best != 0 && values.Count > 1 && Read(row.Summary) is double && Print(row) == (Best > 0 ? values.Max() * Factor : values.Min() * Factor).ToString(Format, CultureInfo.InvariantCulture);
    }
}
