using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>A column of the table of results.</summary>
/// <param name="Column">Its name in the marks of a comparison.</param>
/// <param name="Read">Reads the value.</param>
/// <param name="Difference">Writes the difference between a value and that of the baseline.</param>
internal sealed record CompareQuantity(string Column, Func<CompareRow, double?> Read, Func<double, double, string?> Difference)
{
    /// <summary>A metric, whose differences are its own: percentage points for shares.</summary>
    public static CompareQuantity Of(MetricDescriptor metric) => new(
        metric.Key,
        row => row.Summary[metric.Key]?.Last,
        (value, baseline) => Format.Difference(metric, value - baseline));

    /// <summary>A cost, whose differences are shares of the baseline's.</summary>
    public static CompareQuantity Ratio(string column, Func<CompareRow, double?> read) => new(
        column,
        read,
        (value, baseline) => baseline <= 0 ? null : (value > baseline ? "+" : "") + NumberFormat.Share((value / baseline) - 1));

    /// <summary>Whether the value of a run is the best and was shown to differ.</summary>
    public bool IsMarked(CompareRow row, IReadOnlyList<CompareMark> marks) => marks.Contains(new CompareMark(row.RunId, Column));

    /// <summary>The difference to the baseline; null: there is none, it is the baseline, or it is of another task.</summary>
    public string? Delta(CompareRow row, CompareRow? baseline) =>
        baseline is not null && row.RunId != baseline.RunId && row.Task == baseline.Task
            && Read(row) is double value && Read(baseline) is double before
            ? Difference(value, before) : null;
}
