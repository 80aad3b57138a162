using LoraLab.Contracts.Metrics;
using LoraLab.Server.Experiments.Studies.Evidence;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>Accuracy over training, one line per method: the mean over seeds with a band for their range.</summary>
internal sealed class ConvergenceFigure : IStudyFigure
{
    private const byte BandAlpha = 40;
    private const string Steps = "steps";
    private const string Accuracy = "accuracy";

    public string Id => "convergence";

    public string Title => "Convergence of the methods";

    public (int Width, int Height) Size => (640, 400);

    public string Caption(StudyEvidence evidence)
    {
        List<StudyGroup> groups = Groups(evidence);
        string seeds = groups.Exists(group => group.Counted.Count > 1) ? "mean over seeds, band: range over seeds" : "one seed";
        List<string> counts = [.. groups.Select(group => $"{group.Label} n = {group.Counted.Count}")];
        return "Accuracy on the reported split during training, "
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
        PlotModel model = Plot.Model();
        model.Axes.Add(Plot.Axis(AxisPosition.Bottom, Steps, "optimizer step"));
        model.Axes.Add(Plot.Axis(AxisPosition.Left, Accuracy, "accuracy (%)"));
        foreach (StudyGroup group in Groups(evidence))
        {
            OxyColor color = OxyColor.Parse(group.Arm.Color);
            IReadOnlyList<(int Step, double Mean, double Low, double High)> curve = MeanCurve.Of(group, MetricKeys.EvalAccuracy);
            if (group.Counted.Count > 1)
            {
                model.Series.Add(Band(color, curve));
            }

            model.Series.Add(Plot.Line(
                group.Label, color, Steps, Accuracy, curve.Select(point => new DataPoint(point.Step, point.Mean * 100))));
        }

        return model;
    }

    private static AreaSeries Band(OxyColor color, IReadOnlyList<(int Step, double Mean, double Low, double High)> curve)
    {
        AreaSeries band = new()
        {
            Color = OxyColors.Transparent,
            Color2 = OxyColors.Transparent,
            Fill = OxyColor.FromAColor(BandAlpha, color),
            RenderInLegend = false,
            XAxisKey = Steps,
            YAxisKey = Accuracy,
        };
        band.Points.AddRange(curve.Select(point => new DataPoint(point.Step, point.Low * 100)));
        band.Points2.AddRange(curve.Select(point => new DataPoint(point.Step, point.High * 100)));
        return band;
    }

    private static List<StudyGroup> Groups(StudyEvidence evidence) =>
        [.. evidence.Reported.Where(group => MeanCurve.Of(group, MetricKeys.EvalAccuracy).Count > 1)];
}
