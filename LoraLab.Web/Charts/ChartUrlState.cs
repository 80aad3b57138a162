using System.Globalization;

namespace LoraLab.Web.Charts;

/// <summary>The view of the charts as it stands in a page's address: <c>smooth</c>, <c>ylog</c>, <c>xmin</c>, <c>xmax</c>.</summary>
public sealed record ChartUrlState(string? Smooth, string? YLog, string? XMin, string? XMax)
{
    /// <summary>Train curves are noisy and evaluation curves are not: without a choice only the former are smoothed.</summary>
    public const double UsualTrainSmoothing = 0.9;

    public const double MostSmoothing = 0.99;

    /// <summary>The chosen smoothing; null: as usual for each metric.</summary>
    public double? Smoothing => Number(Smooth) is double value ? Math.Clamp(value, 0, MostSmoothing) : null;

    public bool LogY => YLog == "1";

    public double? First => Number(XMin);

    public double? Last => Number(XMax);

    /// <summary>The view for a metric.</summary>
    /// <param name="noisy">A value of every step, smoothed unless chosen otherwise.</param>
    /// <param name="exact">Never smoothed, for example a learning rate.</param>
    public ChartView View(bool noisy = false, bool exact = false) =>
        new(exact ? 0 : Smoothing ?? (noisy ? UsualTrainSmoothing : 0), LogY, First, Last is double last && last > (First ?? double.MinValue) ? last : null);

    private static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;
}
