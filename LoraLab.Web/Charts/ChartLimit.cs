namespace LoraLab.Web.Charts;

/// <summary>An upper limit, drawn as a dashed line.</summary>
/// <param name="Value">The limit.</param>
/// <param name="Name">The label.</param>
public sealed record ChartLimit(double Value, string Name);
