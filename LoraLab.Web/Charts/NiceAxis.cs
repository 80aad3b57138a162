namespace LoraLab.Web.Charts;

/// <summary>An axis with ticks at round numbers.</summary>
/// <param name="Min">First tick.</param>
/// <param name="Max">Last tick.</param>
/// <param name="Ticks">Number of intervals.</param>
public sealed record NiceAxis(double Min, double Max, int Ticks)
{
    private static readonly double[] _steps = [1, 2, 2.5, 5, 10];
    private static readonly double[] _tightSteps = [1, 1.5, 2, 2.5, 5, 10];

    /// <summary>Returns the tightest round axis around the values with at most the given number of intervals.</summary>
    /// <param name="min">Smallest value.</param>
    /// <param name="max">Largest value.</param>
    /// <param name="intervals">The maximum number of intervals.</param>
    /// <param name="smallestStep">The smallest distance between ticks.</param>
    public static NiceAxis Around(double min, double max, int intervals, double smallestStep = 0)
    {
        if (!(max > min))
        {
            // Zero has no size of its own from which a range could follow.
            double room = Math.Max(Math.Abs(min) * 0.05, smallestStep);
            (min, max) = room > 0 ? (min - room, max + room) : (0, 1);
        }

        return Around(min, max, Math.Max(Round((max - min) / intervals), smallestStep));
    }

    /// <summary>
    /// Returns the axis of whole steps that ends as close after the last one as round ticks allow, with about the given number of
    /// intervals.
    /// </summary>
    public static NiceAxis Tight(double min, double max, int intervals)
    {
        NiceAxis loose = Around(min, max, intervals, smallestStep: 1);
        double power = Math.Pow(10, Math.Floor(Math.Log10((loose.Max - loose.Min) / loose.Ticks)));
        return _tightSteps.SelectMany(step => (double[])[step * power, step * power / 10])
            .Where(step => step >= 1 && step == Math.Floor(step))
            .Select(step => Around(min, max, step))
            .Append(loose)
            .Where(axis => axis.Ticks <= intervals + 2)
            .OrderBy(axis => axis.Max - axis.Min)
            .ThenBy(axis => Math.Abs(axis.Ticks - intervals + 1))
            .First();
    }

    private static NiceAxis Around(double min, double max, double step)
    {
        double first = Math.Floor((min / step) + 1e-9) * step;
        double last = Math.Ceiling((max / step) - 1e-9) * step;
        return new(first, last, (int)Math.Round((last - first) / step));
    }

    private static double Round(double raw)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        return _steps.First(step => step * power >= raw * (1 - 1e-9)) * power;
    }
}
