using LoraLab.Contracts;
using LoraLab.Server.Comparison.Figures;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>
/// Final value of the metric of the task over training time and over peak memory: a small point per run, a large one per mean.
/// </summary>
internal sealed class CostFigure : IStudyFigure
{
    private const string Values = "accuracy";
    private const double RunSize = 2.5;
    private const double MeanSize = 5;

    private static readonly (string Key, string Title, Func<EvidenceRun, double?> Read)[] _panels =
    [
        ("time", "training time (s)", run => run.TrainSeconds),
        ("memory", "peak memory (MiB)", run => run.PeakMemoryMb),
    ];

    public string Id => "accuracy-cost";

    public (int Width, int Height) Size => (640, 400);

    public string Title(StudyEvidence evidence) => $"{evidence.Metric.Label} versus time and memory";

    public string Caption(StudyEvidence evidence)
    {
        int excluded = evidence.Reported.SelectMany(group => group.Counted)
            .Count(run => run.TrainSeconds is null || run.PeakMemoryMb is null);
        return $"{evidence.Metric.Label} at the last evaluation versus training time (left) and peak memory (right): "
            + "a small point per run, "
            + "a large one for the mean of each method"
            + $"{(evidence.NothingSelected ? "; no selection was performed" : "")}. "
                + $"{evidence.Study.Plan.Model} on {evidence.Study.Plan.Dataset}."
            + (excluded > 0 ? $" {NumberFormat.Count(excluded, "run")} without a measured time or peak not shown." : "");
    }

    public string? Missing(StudyEvidence evidence) =>
        evidence.Reported.SelectMany(group => group.Counted).Any(run => run.TrainSeconds is not null || run.PeakMemoryMb is not null)
            ? null
            : "No finished run on the reported split has a measured training time or peak memory.";

    public PlotModel Draw(StudyEvidence evidence)
    {
        PlotModel model = Plot.Model();
        model.Axes.Add(Plot.Axis(AxisPosition.Left, Values, Plot.Title(evidence.Metric)));
        HashSet<StudyGroup> named = [];
        for (int panel = 0; panel < _panels.Length; panel++)
        {
            (string key, string title, Func<EvidenceRun, double?> read) = _panels[panel];
            model.Axes.Add(Plot.Axis(AxisPosition.Bottom, key, title, panel, _panels.Length));
            foreach (StudyGroup group in evidence.Reported)
            {
                List<(double X, double Y)> points =
                    [.. group.Counted.Where(run => read(run) is not null)
                        .Select(run => (read(run)!.Value, evidence.Metric.Number(run.Result)))];
                if (points.Count > 0)
                {
                    OxyColor color = OxyColor.Parse(group.Arm.Color);
                    model.Series.Add(Points(null, key, color, RunSize, points));
                    model.Series.Add(Points(named.Add(group) ? group.Label : null, key, color, MeanSize, [(
                        SampleMoments.Mean([.. points.Select(point => point.X)]),
                        SampleMoments.Mean([.. points.Select(point => point.Y)]))]));
                }
            }
        }

        return model;
    }

    private static ScatterSeries Points(string? title, string x, OxyColor color, double size, List<(double X, double Y)> points)
    {
        ScatterSeries series = new()
        {
            Title = title is null ? null : Plot.Text(title),
            RenderInLegend = title is not null,
            MarkerType = MarkerType.Circle,
            MarkerSize = size,
            MarkerFill = size < MeanSize ? OxyColor.FromAColor(140, color) : color,
            XAxisKey = x,
            YAxisKey = Values,
        };
        series.Points.AddRange(points.Select(point => new ScatterPoint(point.X, point.Y)));
        return series;
    }
}
