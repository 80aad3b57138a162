using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Figures;
using LoraLab.Server.Experiments.Studies.Evidence;
using OxyPlot;
using OxyPlot.Axes;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>The metric of the task over training, one line per method: the mean over seeds with a band for their range.</summary>
internal sealed class ConvergenceFigure : IStudyFigure
{
    private const string Steps = "steps";
    private const string Values = "accuracy";

    public string Id => "convergence";

    public (int Width, int Height) Size => (640, 400);

    public string Title(StudyEvidence evidence) => "Convergence of the methods";

    public string Caption(StudyEvidence evidence)
    {
        List<StudyGroup> groups = Groups(evidence);
        string seeds = groups.Exists(group => group.Counted.Count > 1) ? "mean over seeds, band: range over seeds" : "one seed";
        List<string> counts = [.. groups.Select(group => $"{group.Label} n = {group.Counted.Count}")];
        return $"{evidence.Metric.Label} on the reported split during training, "
            + (evidence.NothingSelected
                ? "with fixed hyper-parameters, without selection"
                : "each method with its selected hyper-parameters")
            + $": {seeds} ({string.Join(", ", counts)}). {evidence.Study.Plan.Model} on {evidence.Study.Plan.Dataset}.";
    }

    public string? Missing(StudyEvidence evidence) =>
        !evidence.OneGroupPerMethod ? "Several cells per method were reported and none was selected, so there is no curve per method."
            : Groups(evidence).Count == 0 ? "No run on the reported split has finished."
            : null;

    public PlotModel Draw(StudyEvidence evidence)
    {
        MetricDescriptor metric = evidence.Metric;
        PlotModel model = Plot.Model();
        model.Axes.Add(Plot.Axis(AxisPosition.Bottom, Steps, "optimizer step"));
        model.Axes.Add(Plot.Axis(AxisPosition.Left, Values, Plot.Title(metric)));
        foreach (StudyGroup group in Groups(evidence))
        {
            OxyColor color = OxyColor.Parse(group.Arm.Color);
            IReadOnlyList<(int Step, double Mean, double Low, double High)> curve = MeanCurve.Of(group, metric.Key);
            if (group.Counted.Count > 1)
            {
                model.Series.Add(Plot.Band(metric, color, Steps, Values, curve));
            }

            model.Series.Add(Plot.Line(
                group.Label, color, Steps, Values, curve.Select(point => new DataPoint(point.Step, metric.Number(point.Mean)))));
        }

        return model;
    }

    private static List<StudyGroup> Groups(StudyEvidence evidence) =>
        [.. evidence.Reported.Where(group => MeanCurve.Of(group, evidence.Metric.Key).Count > 1)];
}
