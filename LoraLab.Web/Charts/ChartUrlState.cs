using System.Globalization;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Web.Charts;

/// <summary>
/// The chart view in the page's URL: <c>smooth</c>, <c>ylog</c>, <c>xmin</c>, <c>xmax</c>, <c>yfit</c>, <c>x</c>, <c>mean</c>.
/// </summary>
public sealed record ChartUrlState(
    string? Smooth, string? YLog, string? XMin, string? XMax, string? YFit = null, string? X = null, string? Mean = null)
{
    /// <summary>The default smoothing of training curves; evaluation curves are not noisy and not smoothed by default.</summary>
    public const double DefaultTrainSmoothing = 0.9;

    public const double MaxSmoothing = 0.99;

    /// <summary>The chosen smoothing; null: each metric's default.</summary>
    public double? Smoothing => Number(Smooth) is double value ? Math.Clamp(value, 0, MaxSmoothing) : null;

    public bool LogY => YLog == "1";

    /// <summary>Whether the y axis ignores points before the first step.</summary>
    public bool WithoutStart => YFit == "trained";

    /// <summary>What the curves are drawn over.</summary>
    public ChartXAxis Axis => X switch { "tokens" => ChartXAxis.Tokens, "time" => ChartXAxis.Seconds, _ => ChartXAxis.Steps };

    /// <summary>Title of the x axis.</summary>
    public string AxisName => Axis switch
    {
        ChartXAxis.Tokens => "Training tokens",
        ChartXAxis.Seconds => "Training time (s)",
        _ => "Step",
    };

    /// <summary>Whether repeated runs are one curve, their mean with its spread.</summary>
    public bool ShowsMeans => Mean == "1";

    public double? First => Number(XMin);

    public double? Last => Number(XMax);

    /// <summary>Returns the view for a metric.</summary>
    /// <param name="smoothing">How its curve is smoothed.</param>
    public ChartView View(MetricSmoothing smoothing = MetricSmoothing.OnRequest) =>
        new(
            smoothing == MetricSmoothing.Never ? 0 : Smoothing ?? (smoothing == MetricSmoothing.ByDefault ? DefaultTrainSmoothing : 0),
            LogY,
            First,
            Last is double last && last > (First ?? double.MinValue) ? last : null,
            WithoutStart);

    private static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;
}
