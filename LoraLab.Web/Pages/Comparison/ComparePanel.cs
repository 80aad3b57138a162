using LoraLab.Contracts.Metrics;
using LoraLab.Web.Charts;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>A chart of the comparison.</summary>
/// <param name="Key">Metric.</param>
/// <param name="Title">Its title.</param>
/// <param name="Format">How values are written.</param>
/// <param name="Noisy">A value of every step: smoothed unless chosen otherwise.</param>
internal sealed record ComparePanel(string Key, string Title, ChartFormat Format, bool Noisy = false)
{
    internal static IReadOnlyList<ComparePanel> All { get; } =
    [
        new(MetricKeys.EvalAccuracy, "Evaluation accuracy", ChartFormat.Percent),
        new(MetricKeys.EvalMacroF1, "Macro-F1", ChartFormat.Percent),
        new(MetricKeys.EvalLoss, "Evaluation loss", ChartFormat.Number),
        new(MetricKeys.TrainLoss, "Training loss", ChartFormat.Number, Noisy: true),
    ];
}
