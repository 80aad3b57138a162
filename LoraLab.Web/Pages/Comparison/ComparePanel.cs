using LoraLab.Contracts.Metrics;
using LoraLab.Web.Charts;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>A chart of the comparison.</summary>
/// <param name="Key">Metric key.</param>
/// <param name="Title">Chart title.</param>
/// <param name="Format">Number format of the values.</param>
/// <param name="Noisy">Logged at every step; smoothed by default.</param>
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
