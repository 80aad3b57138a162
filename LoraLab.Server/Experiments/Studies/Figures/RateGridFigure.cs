using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Figures;
using LoraLab.Server.Experiments.Studies.Claims;
using LoraLab.Server.Experiments.Studies.Evidence;
using OxyPlot;
using OxyPlot.Axes;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>
/// Figure 1 of the paper: accuracy and macro-F1 (of another task, its first two metrics) of LoRA+ over the first 200 steps, one line per
/// pair of learning rates.
/// </summary>
internal sealed class RateGridFigure : IStudyFigure
{
    private const int Steps = 200;

    private static readonly OxyColor[] _colors =
    [
        .. new[] { "#1f77b4", "#e66101", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#4d4d4d", "#17becf", "#8a8a00" }
            .Select(OxyColor.Parse),
    ];

    private static readonly LineStyle[] _styles = [LineStyle.Solid, LineStyle.Dash, LineStyle.Dot, LineStyle.DashDot];

    public string Id => "figure-1";

    public (int Width, int Height) Size => (640, 560);

    public string Title(StudyEvidence evidence) => "LoRA+ during the first 200 steps";

    public string Caption(StudyEvidence evidence)
    {
        IReadOnlyList<RateCell> cells = RateCell.Of(evidence);
        string split = cells.Any(cell => cell.Group.Stage == StudyStage.Selection)
            ? "Curves on the selection split, on which the learning rates were selected."
            : evidence.NothingSelected ? "Curves on the reported split; no selection was performed."
            : "Curves on the reported split, at the selected learning rates.";
        int maxSeeds = cells.Count == 0 ? 0 : cells.Max(cell => cell.Group.Counted.Count);
        IReadOnlyList<MetricDescriptor> panels = Panels(evidence);
        string shown = panels.Count == 1 ? panels[0].Label : $"{panels[0].Label} (top) and {panels[1].Name} (bottom)";
        return $"{shown} of LoRA+ during the first {Steps} optimizer steps, "
            + "one line per pair of learning rates"
            + $"{(maxSeeds > 1 ? ", mean over seeds" : "")}: {evidence.Study.Plan.Model} on "
                + $"{evidence.Study.Plan.Dataset}. {split}{Unfinished(evidence)}";
    }

    public string? Missing(StudyEvidence evidence) => RateCell.Of(evidence).Any(cell => Mean(cell.Group, evidence.Metric).Count > 0)
        ? null
        : "No LoRA+ run with evaluations has finished.";

    public PlotModel Draw(StudyEvidence evidence)
    {
        PlotModel model = Plot.Model();
        LinearAxis steps = Plot.Axis(AxisPosition.Bottom, "steps", "optimizer step");
        (steps.Minimum, steps.Maximum) = (0, Steps);
        model.Axes.Add(steps);
        IReadOnlyList<MetricDescriptor> panels = Panels(evidence);
        for (int panel = 0; panel < panels.Count; panel++)
        {
            model.Axes.Add(Plot.Axis(AxisPosition.Left, panels[panel].Key, Plot.Title(panels[panel]), panel, panels.Count));
            int index = 0;
            foreach (RateCell cell in RateCell.Of(evidence))
            {
                string? title = panel > 0 ? null : $"{cell.Rates} (ratio {NumberFormat.Number(cell.Rates.Ratio)})";
                model.Series.Add(Plot.Line(
                    title,
                    _colors[index % _colors.Length],
                    "steps",
                    panels[panel].Key,
                    Mean(cell.Group, panels[panel]),
                    _styles[index / _colors.Length % _styles.Length]));
                index++;
            }
        }

        return model;
    }

    private static IReadOnlyList<MetricDescriptor> Panels(StudyEvidence evidence) => [.. evidence.Task.Columns.Take(2)];

    private static List<DataPoint> Mean(StudyGroup group, MetricDescriptor metric) =>
    [
        .. MeanCurve.Of(group, metric.Key).Where(point => point.Step <= Steps)
            .Select(point => new DataPoint(point.Step, metric.Number(point.Mean))),
    ];

    private static string Unfinished(StudyEvidence evidence)
    {
        IReadOnlyList<StudyGroup> unfinished = RateCell.Unfinished(evidence);
        return unfinished.Count == 0
            ? ""
            : " Not shown, because none of their runs finished: "
                + $"{string.Join("; ", unfinished.Select(group => group.Cell ?? group.Label))}.";
    }
}
