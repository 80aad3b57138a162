using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Statistics;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>The metric of completed runs over their training time and peak memory, with the Pareto front of each.</summary>
internal static class CostPicture
{
    private const string Values = "values";
    private const double MarkerSize = 5;

    // Beyond the outermost points, of their distance, or of the value of the only one.
    private const double Room = 0.08;
    private const double SingleRoom = 0.02;
    private const double LeastRoom = 1e-6;

    private static readonly (string Key, string Title, Func<CompareRow, double?> Read)[] _panels =
    [
        ("time", "training time (s)", row => row.Summary.PredictionsBeside is null ? row.Summary.TrainSeconds : null),
        ("memory", "peak memory (MiB)", row => row.Summary.PeakMemoryMb),
    ];

    private static readonly MarkerType[] _markers = [MarkerType.Circle, MarkerType.Square, MarkerType.Triangle, MarkerType.Diamond];

    /// <summary>Whether a run has what the plot shows.</summary>
    public static bool CanDraw(MetricDescriptor metric, IReadOnlyList<CompareRow> rows) =>
        rows.Any(row => Array.Exists(_panels, panel => Point(metric, row, panel.Read) is not null));

    public static PlotModel Draw(string subtitle, MetricDescriptor metric, IReadOnlyList<CompareRow> rows, PlotTheme theme)
    {
        PlotModel model = Plot.Model(theme);
        CurvePicture.SetUp(model, $"{metric.Label} versus time and memory", $"{subtitle}; last evaluation of completed runs");
        LinearAxis values = Plot.Axis(AxisPosition.Left, Values, "", theme: theme);
        values.Title = CurvePicture.Literal(Plot.Title(metric));
        IEnumerable<(double X, double Y)> all =
            _panels.SelectMany(panel => rows.Select(row => Point(metric, row, panel.Read))).OfType<(double X, double Y)>();
        (values.Minimum, values.Maximum) = Range([.. all.Select(point => point.Y).Where(double.IsFinite)]);
        model.Axes.Add(values);
        HashSet<string> named = [];
        bool hasFront = false;
        for (int panel = 0; panel < _panels.Length; panel++)
        {
            (string key, string title, Func<CompareRow, double?> read) = _panels[panel];
            model.Axes.Add(Plot.Axis(AxisPosition.Bottom, key, title, panel, _panels.Length, theme));
            List<(double X, double Y)> points = [.. rows.Select(row => Point(metric, row, read)).OfType<(double X, double Y)>()];
            IReadOnlyList<(double X, double Y)> front = ParetoFront.Of(points, point => point.X, point => Direction(metric) * point.Y);
            if (front.Count > 1)
            {
                LineSeries line = Plot.Line(
                    hasFront ? null : "Pareto front",
                    theme.Text,
                    key,
                    Values,
                    front.Select(point => new DataPoint(point.X, point.Y)),
                    LineStyle.Dot,
                    1);
                model.Series.Add(line);
                hasFront = true;
            }

            Dictionary<string, int> variants = [];
            foreach (CompareRow row in rows)
            {
                int variant = variants[row.Method] = variants.GetValueOrDefault(row.Method, -1) + 1;
                if (Point(metric, row, read) is (double x, double y))
                {
                    ScatterSeries series = new()
                    {
                        Title = CurvePicture.Literal(PlainName.Of(row.Label, CurvePicture.LongestLabel)),
                        RenderInLegend = named.Add(row.RunId),
                        MarkerType = _markers[variant % _markers.Length],
                        MarkerSize = MarkerSize,
                        MarkerFill = theme.Curve(row.Color),
                        XAxisKey = key,
                        YAxisKey = Values,
                    };
                    series.Points.Add(new ScatterPoint(x, y));
                    model.Series.Add(series);
                }
            }
        }

        return model;
    }

    /// <summary>Room for the markers, and no more: an axis of shares that goes up to 120 % says something that cannot be.</summary>
    private static (double Minimum, double Maximum) Range(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
        {
            return (double.NaN, double.NaN);
        }

        (double lowest, double highest) = (values.Min(), values.Max());
        double room = highest > lowest ? (highest - lowest) * Room : Math.Max(Math.Abs(highest) * SingleRoom, LeastRoom);
        return (lowest - room, highest + room);
    }

    private static int Direction(MetricDescriptor metric) => metric.Sign < 0 ? -1 : 1;

    private static (double X, double Y)? Point(MetricDescriptor metric, CompareRow row, Func<CompareRow, double?> read) =>
        row.State == RunState.Completed && read(row) is double x && row.Summary[metric.Key]?.Last is double y
            ? (x, metric.Number(y)) : null;
}
