namespace LoraLab.Web.Charts;

/// <summary>An axis whose ticks fall on round numbers.</summary>
/// <param name="Min">First tick.</param>
/// <param name="Max">Last tick.</param>
/// <param name="Ticks">Number of intervals.</param>
public sealed record NiceAxis(double Min, double Max, int Ticks)
{
    private static readonly double[] s_steps = [1, 2, 2.5, 5, 10];

    /// <summary>The tightest round axis around the values with at most so many intervals.</summary>
    /// <param name="min">Smallest value.</param>
    /// <param name="max">Largest value.</param>
    /// <param name="intervals">At most this many.</param>
    /// <param name="smallestStep">No finer ticks than this.</param>
    public static NiceAxis Around(double min, double max, int intervals, double smallestStep = 0)
    {
        if (!(max > min))
        {
            double room = Math.Max(Math.Abs(min) * 0.05, smallestStep > 0 ? smallestStep : 1e-9);
            (min, max) = (min - room, max + room);
        }

        double step = Math.Max(Round((max - min) / intervals), smallestStep);
        double first = Math.Floor((min / step) + 1e-9) * step;
        double last = Math.Ceiling((max / step) - 1e-9) * step;
        return new(first, last, (int)Math.Round((last - first) / step));
    }

    private static double Round(double raw)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        return s_steps.First(step => step * power >= raw * (1 - 1e-9)) * power;
    }
}
