namespace LoraLab.Web.Charts;

/// <summary>Something that happened at a step, drawn as a vertical line over the height of the plot.</summary>
/// <param name="X">Step.</param>
/// <param name="Text">The label.</param>
public sealed record ChartMoment(int X, string Text);
