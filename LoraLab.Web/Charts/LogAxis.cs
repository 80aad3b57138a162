namespace LoraLab.Web.Charts;

/// <summary>A logarithmic axis with ticks at 1, 2 and 5 times powers of ten, or at powers alone where those would be too many.</summary>
/// <param name="Axis">The range, as base-10 logarithms; its number of intervals is of no meaning.</param>
/// <param name="Ticks">The ticks, as base-10 logarithms.</param>
internal sealed record LogAxis(NiceAxis Axis, IReadOnlyList<double> Ticks)
{
    private const double Padding = 0.04;
    private const int MostTicks = 8;

    private static readonly double[][] _mantissas = [[1, 2, 5], [1]];

    /// <summary>The axis of values between two logarithms.</summary>
    internal static LogAxis Of(double min, double max)
    {
        double pad = Math.Max((max - min) * Padding, 0.01);
        foreach (double[] mantissas in _mantissas)
        {
            List<double> ticks = Between(mantissas, 1, min - pad, max + pad);
            if (ticks.Count is >= 2 and <= MostTicks)
            {
                return new(new NiceAxis(min - pad, max + pad, ticks.Count), ticks);
            }
        }

        int decades = (int)Math.Ceiling(max - min);
        if (decades > MostTicks)
        {
            List<double> ticks = Between([1], (int)Math.Ceiling(decades / (double)MostTicks), min - pad, max + pad);
            return new(new NiceAxis(min - pad, max + pad, ticks.Count), ticks);
        }

        // Within one interval of 1-2-5: the axis grows to the next ticks on either side.
        List<double> around = Between(_mantissas[0], 1, min - 1, max + 1);
        double low = around.Last(tick => tick <= min + 1e-9);
        double high = around.First(tick => tick >= max - 1e-9 && tick > low);
        List<double> kept = [.. around.Where(tick => tick >= low && tick <= high)];
        return new(new NiceAxis(low, high, kept.Count), kept);
    }

    private static List<double> Between(double[] mantissas, int decades, double low, double high) =>
    [
        .. Enumerable.Range((int)Math.Floor(low) - 1, (int)Math.Ceiling(high) - (int)Math.Floor(low) + 3)
            .Where(exponent => exponent % decades == 0)
            .SelectMany(exponent => mantissas.Select(mantissa => exponent + Math.Log10(mantissa)))
            .Where(tick => tick >= low - 1e-9 && tick <= high + 1e-9),
    ];
}
