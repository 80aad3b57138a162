using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.Charts;

/// <summary>The y axis of a drawing: everything that is drawn within the window lies on it.</summary>
internal static class ChartHeights
{
    /// <summary>The axis, with its ticks where they are not equally far apart.</summary>
    internal static (NiceAxis Axis, IReadOnlyList<double> Ticks) Axis(
        List<ChartLine> lines, List<ChartBand> bands, NiceAxis x, MetricFormat format, ChartView view, bool fromZero)
    {
        (double min, double max) = Range(lines, bands, x, view.WithoutStart);
        if (min > max && view.WithoutStart)
        {
            // Nothing is trained yet.
            (min, max) = Range(lines, bands, x, withoutStart: false);
        }

        if (min > max)
        {
            return (new(0, 1, 4), []);
        }

        if (view.LogY)
        {
            LogAxis log = LogAxis.Of(min, max);
            return (log.Axis, log.Ticks);
        }

        double lowest = fromZero ? Math.Min(min, 0) : min;
        NiceAxis axis = NiceAxis.Around(lowest, max, 5);
        // A share never leaves [0, 1], so its axis does not either.
        return (format == MetricFormat.Share && axis.Max > 1 && max <= 1 ? NiceAxis.Around(lowest, 1, 5) : axis, []);
    }

    /// <summary>
    /// Smallest and largest value within a window, at its edges too, where lines come from points outside; the smallest is above the
    /// largest if there is none.
    /// </summary>
    private static (double Min, double Max) Range(List<ChartLine> lines, List<ChartBand> bands, NiceAxis x, bool withoutStart)
    {
        (double min, double max) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach ((IReadOnlyList<double> places, IReadOnlyList<double?> values) in lines.Select(line => (line.X, line.Y))
            .Concat(bands.SelectMany(band => new[] { band.Low, band.High }
                .Select(end => (band.X, (IReadOnlyList<double?>)[.. end.Select(value => (double?)value)])))))
        {
            for (int i = 0; i < places.Count; i++)
            {
                if (values[i] is not double value)
                {
                    continue;
                }

                if (places[i] >= x.Min && places[i] <= x.Max && Counts(places[i]))
                {
                    Include(value);
                }

                if (i > 0 && values[i - 1] is double before && Counts(places[i - 1]))
                {
                    IncludeEdge(x.Min, places[i - 1], before, places[i], value);
                    IncludeEdge(x.Max, places[i - 1], before, places[i], value);
                }
            }
        }

        return (min, max);

        bool Counts(double place) => place > 0 || !withoutStart;

        void Include(double value) => (min, max) = (Math.Min(min, value), Math.Max(max, value));

        void IncludeEdge(double edge, double from, double before, double to, double after)
        {
            if (from < edge && edge < to)
            {
                Include(before + ((after - before) * (edge - from) / (to - from)));
            }
        }
    }
}
