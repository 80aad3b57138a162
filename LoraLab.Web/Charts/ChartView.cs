namespace LoraLab.Web.Charts;

/// <summary>The view settings shared by all charts of a page.</summary>
/// <param name="Smoothing">Weight of the moving average in [0, 0.99]; 0: none.</param>
/// <param name="LogY">Logarithmic y axis.</param>
/// <param name="XMin">First step shown; null: all.</param>
/// <param name="XMax">Last step shown; null: all, growing with the run.</param>
/// <param name="WithoutStart">Whether the y axis ignores points before the first step, which are often far from all others.</param>
public sealed record ChartView(
    double Smoothing = 0, bool LogY = false, double? XMin = null, double? XMax = null, bool WithoutStart = false);
