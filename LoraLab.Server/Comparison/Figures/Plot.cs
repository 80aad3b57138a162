using System.Globalization;
using LoraLab.Contracts.Metrics;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>The common style of all figures.</summary>
internal static class Plot
{
    /// <summary>One of the standard PDF fonts.</summary>
    public const string Font = "Helvetica";

    /// <summary>Gap between two panels, as a fraction of the plot area.</summary>
    private const double Gap = 0.06;
    private const double TextSize = 10;
    private const byte BandAlpha = 40;

    public static PlotModel Model(PlotTheme? theme = null)
    {
        PlotTheme colors = theme ?? PlotTheme.Light;
        PlotModel model = new()
        {
            Background = colors.Background,
            TextColor = colors.Text,
            Culture = CultureInfo.InvariantCulture,
            DefaultFont = Font,
            DefaultFontSize = TextSize,
            PlotAreaBorderThickness = new OxyThickness(0),
            Padding = new OxyThickness(8),
        };
        model.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside,
            LegendPosition = LegendPosition.BottomCenter,
            LegendOrientation = LegendOrientation.Horizontal,
            LegendBorderThickness = 0,
        });
        return model;
    }

    /// <summary>Gives a figure that was drawn in light colors those of a theme.</summary>
    public static PlotModel Dress(PlotModel model, PlotTheme theme)
    {
        (model.Background, model.TextColor) = (theme.Background, theme.Text);
        foreach (Axis axis in model.Axes)
        {
            (axis.MajorGridlineColor, axis.AxislineColor, axis.TicklineColor) = (theme.Grid, theme.Text, theme.Text);
        }

        foreach (Series series in model.Series)
        {
            switch (series)
            {
                case AreaSeries band:
                    band.Fill = theme.Curve(band.Fill);
                    break;
                case LineSeries line:
                    (line.Color, line.MarkerFill) = (theme.Curve(line.Color), theme.Curve(line.MarkerFill));
                    break;
                case ScatterSeries points:
                    (points.MarkerFill, points.MarkerStroke) = (theme.Curve(points.MarkerFill), theme.Curve(points.MarkerStroke));
                    break;
                default:
                    break;
            }
        }

        return model;
    }

    /// <summary>Title of an axis with the values of a metric in its unit.</summary>
    public static string Title(MetricDescriptor metric) => metric.Unit is null ? metric.Name : $"{metric.Name} ({metric.Unit})";

    /// <summary>An axis of panel <paramref name="panel"/> of <paramref name="panels"/>, counted from the left or from the top.</summary>
    public static LinearAxis Axis(
        AxisPosition position, string key, string title, int panel = 0, int panels = 1, PlotTheme? theme = null)
    {
        PlotTheme colors = theme ?? PlotTheme.Light;
        double share = (1 - (Gap * (panels - 1))) / panels;
        int place = position == AxisPosition.Left ? panels - 1 - panel : panel;
        double start = place * (share + Gap);
        return new LinearAxis
        {
            Position = position,
            Key = key,
            Title = Text(title),
            StartPosition = start,
            EndPosition = Math.Min(1, start + share),
            AxislineStyle = LineStyle.Solid,
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = colors.Grid,
            AxislineColor = colors.Text,
            TicklineColor = colors.Text,
            MinorTickSize = 0,
            MinimumPadding = 0.03,
            MaximumPadding = 0.05,
        };
    }

    public static LineSeries Line(
        string? title,
        OxyColor color,
        string x,
        string y,
        IEnumerable<DataPoint> points,
        LineStyle style = LineStyle.Solid,
        double width = 1.5)
    {
        LineSeries line = new()
        {
            Title = title is null ? null : Text(title),
            RenderInLegend = title is not null,
            Color = color,
            StrokeThickness = width,
            LineStyle = style,
            XAxisKey = x,
            YAxisKey = y,
        };
        line.Points.AddRange(points);
        return line;
    }

    /// <summary>The range of a metric around its mean at each step; the mean is a line of its own.</summary>
    public static AreaSeries Band(
        MetricDescriptor metric, OxyColor color, string x, string y, IReadOnlyList<(int Step, double Mean, double Low, double High)> points)
    {
        AreaSeries band = new()
        {
            Color = OxyColors.Transparent,
            Color2 = OxyColors.Transparent,
            Fill = OxyColor.FromAColor(BandAlpha, color),
            RenderInLegend = false,
            XAxisKey = x,
            YAxisKey = y,
        };
        band.Points.AddRange(points.Select(point => new DataPoint(point.Step, metric.Number(point.Low))));
        band.Points2.AddRange(points.Select(point => new DataPoint(point.Step, metric.Number(point.High))));
        return band;
    }

    /// <summary>
    /// Restricts text to the standard PDF fonts: Latin-1 is kept, Greek letters are spelled out, anything else becomes a question mark;
    /// captions and tables have the full text.
    /// </summary>
    public static string Text(string text) => string.Concat(text.EnumerateRunes().Select(rune => rune.Value switch
    {
        'η' => "lr",
        'α' => "alpha",
        '−' or '–' or '—' => "-",
        '×' => "x",
        < ' ' => " ",
        < 0x7f or (> 0xa0 and < 0x100) => rune.ToString(),
        _ => "?",
    }));
}
