namespace LoraLab.Web.Charts;

/// <summary>A height that the curves should stay below, drawn as a dashed line.</summary>
/// <param name="Value">The height.</param>
/// <param name="Name">What it is.</param>
public sealed record ChartLimit(double Value, string Name);
