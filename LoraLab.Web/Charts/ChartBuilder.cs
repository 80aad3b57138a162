using System.Collections.Concurrent;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Web.Components;

namespace LoraLab.Web.Charts;

/// <summary>Converts curves and a view into a drawing.</summary>
internal static class ChartBuilder
{
    /// <summary>SVG stays fast up to about this many points in a chart.</summary>
    private const int MaxPoints = 4000;
    private const int MinPerLine = 160;
    private const int MaxPerLine = 1000;

    private const int LimitDash = 6;

    // Amber, distinct from every method's color on light and dark backgrounds.
    private const string LimitColor = "#d9822b";

    private static readonly ConcurrentDictionary<string, string> _visible = [];

    // Seeds of a method have similar colors; these lengths are told apart where lines run close together.
    private static readonly int[] _dashes = [0, 8, 3, 14, 5, 20];

    internal static ChartDrawing Build(
        IReadOnlyList<ChartSeries> series,
        ChartView view,
        MetricFormat format,
        bool lowerIsBetter,
        bool fromZero = false,
        ChartLimit? limit = null)
    {
        List<ChartSeries> drawn = [.. series.Where(curve => curve.Data.X.Count > 0)];
        NiceAxis x = XAxis(drawn, view);
        bool smooth = view.Smoothing > 0;
        int maxPoints = Math.Clamp(MaxPoints / Math.Max(drawn.Count * (smooth ? 2 : 1), 1), MinPerLine, MaxPerLine);

        List<ChartLine> faint = [];
        List<ChartLine> full = [];
        List<ChartMark> marks = [];
        int notPositive = 0;
        bool thinned = false;
        List<ChartBand> bands = [];
        foreach (ChartSeries run in drawn)
        {
            // Runs of earlier versions have colors that are dim in one of the themes.
            ChartSeries curve = run with { Color = CurveColor.Of(run.Color) };
            IReadOnlyList<double> places = Places(curve);
            int from = LowerBound(places, x.Min);
            int to = LowerBound(places, x.Max + 1e-9);
            // One neighbor on either side, so that lines reach the edges of a zoomed window.
            (int first, int end) = (Math.Max(from - 1, 0), Math.Min(to + 1, places.Count));
            notPositive += view.LogY ? Enumerable.Range(from, Math.Max(to - from, 0)).Count(i => curve.Data.Y[i] is <= 0) : 0;
            thinned |= end - first > maxPoints;
            if (curve.Faint)
            {
                faint.Add(Line(curve, places, curve.Data.Y, first, end, maxPoints, view.LogY, faint: true));
                continue;
            }

            if (smooth)
            {
                faint.Add(Line(curve, places, curve.Data.Y, first, end, maxPoints, view.LogY, faint: true));
            }

            IReadOnlyList<double?> values = smooth ? Smoothing.Average(curve.Data.X, curve.Data.Y, view.Smoothing) : curve.Data.Y;
            full.Add(Line(curve, places, values, first, end, maxPoints, view.LogY, faint: false));
            marks.AddRange(curve.Data.NonFinite.Select(point => new ChartMark(places[point.Index], point.Value, curve.Name, curve.Color))
                .Where(mark => mark.X >= x.Min && mark.X <= x.Max));
            if (curve.Deviation is { } deviation)
            {
                bands.Add(Band(curve, places, values, deviation, (first, end), view.LogY));
            }
        }

        if (limit is not null && full.Count > 0)
        {
            double height = view.LogY ? Math.Log10(limit.Value) : limit.Value;
            full.Add(new ChartLine
            {
                Id = "limit",
                Name = limit.Name,
                Color = LimitColor,
                Dash = LimitDash,
                X = [x.Min, x.Max],
                Y = [height, height],
            });
        }

        List<ChartLine> lines = [.. faint, .. full];
        (NiceAxis y, IReadOnlyList<double> ticks) = ChartHeights.Axis(lines, bands, x, format, view, fromZero);
        return new ChartDrawing
        {
            Lines = lines,
            Bands = bands,
            X = x,
            Y = y,
            YTicks = ticks,
            LogY = view.LogY,
            Format = format.ToString().ToLowerInvariant(),
            Marks = marks,
            SeriesCount = drawn.Count,
            PointCount = drawn.Sum(curve => curve.Data.X.Count),
            NotPositive = notPositive,
            Thinned = thinned,
            LowerIsBetter = lowerIsBetter,
        };
    }

    private static NiceAxis XAxis(List<ChartSeries> drawn, ChartView view)
    {
        double first = drawn.Count == 0 ? 0 : drawn.Min(curve => Place(curve, 0));
        // Training starts at step 1 and evaluation at 0; both get the same axis. One of tokens or time begins with the run.
        double min = view.XMin ?? (first <= 1 || drawn.Any(curve => curve.Position is not null) ? 0 : first);
        double max = view.XMax ?? (drawn.Count == 0 ? 1 : drawn.Max(curve => Place(curve, curve.Data.X.Count - 1)));
        return NiceAxis.Tight(min, Math.Max(max, min + 1), 7);
    }

    private static ChartLine Line(
        ChartSeries curve,
        IReadOnlyList<double> places,
        IReadOnlyList<double?> values,
        int first,
        int end,
        int maxPoints,
        bool logY,
        bool faint)
    {
        IReadOnlyList<int> picked = Decimation.Pick(values, first, end, maxPoints);
        return new ChartLine
        {
            Id = curve.Id,
            Name = curve.Name,
            Color = Visible(curve.Color),
            Faint = faint,
            Dash = faint ? 0 : _dashes[curve.Variant % _dashes.Length],
            X = [.. picked.Select(i => places[i])],
            Y = [.. picked.Select(i => logY ? (values[i] is double value && value > 0 ? Math.Log10(value) : null) : values[i])],
        };
    }

    // Runs of earlier versions have colors that are dim in one of the themes.
    private static string Visible(string color) => _visible.GetOrAdd(color, ColorContrast.InBothThemes);

    private static ChartBand Band(
        ChartSeries curve,
        IReadOnlyList<double> places,
        IReadOnlyList<double?> values,
        IReadOnlyList<double> deviation,
        (int First, int End) part,
        bool logY)
    {
        // On a logarithmic axis, a band that would reach below zero ends where its curve is.
        int[] shown =
            [.. Enumerable.Range(part.First, part.End - part.First).Where(i => values[i] is double value && (!logY || value > 0))];
        return new(
            curve.Color,
            [.. shown.Select(i => places[i])],
            [.. shown.Select(i => Height(values[i]!.Value - deviation[i], values[i]!.Value))],
            [.. shown.Select(i => Height(values[i]!.Value + deviation[i], values[i]!.Value))]);

        double Height(double end, double value) => !logY ? end : Math.Log10(end > 0 ? end : value);
    }

    private static double Place(ChartSeries curve, int index) => curve.Position?.At(curve.Data.X[index]) ?? curve.Data.X[index];

    private static IReadOnlyList<double> Places(ChartSeries curve) =>
        [.. curve.Data.X.Select(step => curve.Position?.At(step) ?? step)];

    private static int LowerBound(IReadOnlyList<double> x, double value)
    {
        int low = 0;
        int high = x.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = x[middle] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
