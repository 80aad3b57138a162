using LoraLab.Contracts.Metrics;

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
        foreach (ChartSeries curve in drawn)
        {
            int from = LowerBound(curve.Data.X, x.Min);
            int to = LowerBound(curve.Data.X, x.Max + 1);
            // One neighbor on either side, so that lines reach the edges of a zoomed window.
            (int first, int end) = (Math.Max(from - 1, 0), Math.Min(to + 1, curve.Data.X.Count));
            notPositive += view.LogY ? Enumerable.Range(from, Math.Max(to - from, 0)).Count(i => curve.Data.Y[i] is <= 0) : 0;
            thinned |= end - first > maxPoints;
            if (curve.Faint)
            {
                faint.Add(Line(curve, curve.Data.Y, first, end, maxPoints, view.LogY, faint: true));
                continue;
            }

            if (smooth)
            {
                faint.Add(Line(curve, curve.Data.Y, first, end, maxPoints, view.LogY, faint: true));
            }

            IReadOnlyList<double?> values = smooth ? Smoothing.Average(curve.Data.X, curve.Data.Y, view.Smoothing) : curve.Data.Y;
            full.Add(Line(curve, values, first, end, maxPoints, view.LogY, faint: false));
            marks.AddRange(curve.Data.NonFinite.Where(point => point.Step >= x.Min && point.Step <= x.Max)
                .Select(point => new ChartMark(point.Step, point.Value, curve.Name, curve.Color)));
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
                X = [(int)Math.Floor(x.Min), (int)Math.Ceiling(x.Max)],
                Y = [height, height],
            });
        }

        List<ChartLine> lines = [.. faint, .. full];
        return new ChartDrawing
        {
            Lines = lines,
            X = x,
            Y = YAxis(lines, x, format, view, fromZero),
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
        double first = drawn.Count == 0 ? 0 : drawn.Min(curve => curve.Data.X[0]);
        // Training starts at step 1 and evaluation at 0; both get the same axis.
        double min = view.XMin ?? (first <= 1 ? 0 : first);
        double max = view.XMax ?? (drawn.Count == 0 ? 1 : drawn.Max(curve => curve.Data.X[^1]));
        return NiceAxis.Tight(min, Math.Max(max, min + 1), 7);
    }

    private static ChartLine Line(
        ChartSeries curve, IReadOnlyList<double?> values, int first, int end, int maxPoints, bool logY, bool faint)
    {
        IReadOnlyList<int> picked = Decimation.Pick(values, first, end, maxPoints);
        return new ChartLine
        {
            Id = curve.Id,
            Name = curve.Name,
            Color = curve.Color,
            Faint = faint,
            Dash = faint ? 0 : _dashes[curve.Variant % _dashes.Length],
            X = [.. picked.Select(i => curve.Data.X[i])],
            Y = [.. picked.Select(i => logY ? (values[i] is double value && value > 0 ? Math.Log10(value) : null) : values[i])],
        };
    }

    private static NiceAxis YAxis(List<ChartLine> lines, NiceAxis x, MetricFormat format, ChartView view, bool fromZero)
    {
        (double min, double max) = Range(lines, Math.Max(x.Min, view.WithoutStart ? 1 : x.Min), x.Max);
        if (min > max && view.WithoutStart)
        {
            // Nothing is trained yet.
            (min, max) = Range(lines, x.Min, x.Max);
        }

        if (min > max)
        {
            return new(0, 1, 4);
        }

        bool logY = view.LogY;
        double lowest = fromZero && !logY ? Math.Min(min, 0) : min;
        NiceAxis axis = NiceAxis.Around(lowest, max, 5);
        // A share never leaves [0, 1], so its axis does not either.
        return format == MetricFormat.Share && !logY && axis.Max > 1 && max <= 1 ? NiceAxis.Around(lowest, 1, 5) : axis;
    }

    /// <summary>Smallest and largest value between two steps; the smallest is above the largest if there is none.</summary>
    private static (double Min, double Max) Range(List<ChartLine> lines, double first, double last)
    {
        (double min, double max) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (ChartLine line in lines)
        {
            for (int i = 0; i < line.X.Count; i++)
            {
                if (line.Y[i] is double value && line.X[i] >= first && line.X[i] <= last)
                {
                    (min, max) = (Math.Min(min, value), Math.Max(max, value));
                }
            }
        }

        return (min, max);
    }

    private static int LowerBound(IReadOnlyList<int> x, double value)
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
