using LoraLab.Contracts.Metrics;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>
/// Draws curves of a metric with title, axes, units and legend. Curves of one method, such as its seeds, differ in their dashes, and, where
/// these do not suffice, in their markers.
/// </summary>
internal static class CurvePicture
{
    public const int Width = 960;

    /// <summary>Characters of a legend entry.</summary>
    public const int LongestLabel = 44;

    private const int LeastHeight = 480;
    private const int LegendLine = 17;
    private const int Margins = 110;
    private const string Steps = "steps";
    private const string Values = "values";

    private static readonly LineStyle[] _dashes =
        [LineStyle.Solid, LineStyle.Dash, LineStyle.Dot, LineStyle.DashDot, LineStyle.LongDash, LineStyle.LongDashDotDot];

    private static readonly MarkerType[] _markers =
    [
        MarkerType.None, MarkerType.Circle, MarkerType.Square, MarkerType.Diamond, MarkerType.Triangle, MarkerType.Cross, MarkerType.Plus,
        MarkerType.Star,
    ];

    /// <summary>Height of a picture whose legend has this many lines.</summary>
    public static int Height(int curves) => Math.Max(LeastHeight, Margins + (LegendLine * (curves + 1)));

    public static PlotModel Draw(string subtitle, MetricDescriptor metric, IReadOnlyList<PictureCurve> curves, PlotTheme theme)
    {
        PlotModel model = Plot.Model(theme);
        SetUp(model, metric.ChartTitle, subtitle);
        model.Axes.Add(Plot.Axis(AxisPosition.Bottom, Steps, "optimizer step", theme: theme));
        LinearAxis values = Plot.Axis(AxisPosition.Left, Values, "", theme: theme);
        values.Title = Literal(Plot.Title(metric));
        model.Axes.Add(values);
        Dictionary<string, int> ofMethod = [];
        double lowest = curves.SelectMany(curve => curve.Points()).Select(point => metric.Number(point.Low)).DefaultIfEmpty(0).Min();
        bool isMarkNamed = false;
        foreach (PictureCurve curve in curves)
        {
            OxyColor color = theme.Curve(curve.Color);
            int place = ofMethod[curve.Method] = ofMethod.GetValueOrDefault(curve.Method, -1) + 1;
            IReadOnlyList<(int Step, double Mean, double Low, double High)> points = curve.Points();
            if (curve.Runs.Count > 1)
            {
                model.Series.Add(Plot.Band(metric, color, Steps, Values, points));
            }

            model.Series.Add(Line(metric, Literal(PlainName.Of(curve.Label, LongestLabel)), color, points, curve.NonFinite(), place));
            if (curve.NonFinite() is { Count: > 0 } steps)
            {
                model.Series.Add(Marks(isMarkNamed ? null : "NaN or infinite", color, steps, lowest));
                isMarkNamed = true;
            }
        }

        return model;
    }

    /// <summary>Sets titles, and the legend at the right, where it has room for many runs.</summary>
    public static void SetUp(PlotModel model, string title, string subtitle)
    {
        (model.Title, model.TitleFontSize) = (Literal(title), 15);
        (model.Subtitle, model.SubtitleFontSize) = (Literal(subtitle), 11);
        model.Padding = new OxyThickness(14);
        Legend legend = (Legend)model.Legends[0];
        (legend.LegendPosition, legend.LegendOrientation) = (LegendPosition.RightTop, LegendOrientation.Vertical);
        legend.LegendSymbolLength = 36;
    }

    private static LineSeries Line(
        MetricDescriptor metric,
        string label,
        OxyColor color,
        IReadOnlyList<(int Step, double Mean, double Low, double High)> points,
        IReadOnlyList<int> breaks,
        int place)
    {
        LineSeries line = Plot.Line(
            "",
            color,
            Steps,
            Values,
            // A value that is not finite breaks the line.
            points.Select(point => new DataPoint(point.Step, metric.Number(point.Mean)))
                .Concat(breaks.Select(step => new DataPoint(step, double.NaN))).OrderBy(point => point.X),
            _dashes[place % _dashes.Length],
            width: 1.8);
        MarkerType marker = _markers[place / _dashes.Length % _markers.Length];
        line.Title = label;
        // A single point has no line, so that it gets a marker.
        line.MarkerType = marker == MarkerType.None && points.Count == 1 ? MarkerType.Circle : marker;
        (line.MarkerSize, line.MarkerFill, line.MarkerStroke, line.MarkerStrokeThickness) = (3.5, color, color, 1.2);
        line.Decimator = Decimator.Decimate;
        return line;
    }

    private static ScatterSeries Marks(string? label, OxyColor color, IReadOnlyList<int> steps, double height)
    {
        ScatterSeries marks = new()
        {
            Title = label,
            RenderInLegend = label is not null,
            MarkerType = MarkerType.Triangle,
            MarkerSize = 5,
            MarkerFill = color,
            XAxisKey = Steps,
            YAxisKey = Values,
        };
        marks.Points.AddRange(steps.Select(step => new ScatterPoint(step, height)));
        return marks;
    }

    /// <summary>Text in which OxyPlot finds no subscript and no superscript.</summary>
    public static string Literal(string text) =>
        text.Replace("_{", "_ {", StringComparison.Ordinal).Replace("^{", "^ {", StringComparison.Ordinal);
}
