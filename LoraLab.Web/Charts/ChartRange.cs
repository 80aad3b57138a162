namespace LoraLab.Web.Charts;

/// <summary>A range of steps selected by dragging; nulls: all steps.</summary>
/// <param name="Min">First step.</param>
/// <param name="Max">Last step.</param>
public sealed record ChartRange(double? Min, double? Max);
