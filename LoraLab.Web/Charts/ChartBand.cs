namespace LoraLab.Web.Charts;

/// <summary>The spread around a mean, drawn as an area.</summary>
/// <param name="Color">Color of the curve.</param>
/// <param name="X">Places.</param>
/// <param name="Low">Lower ends; on a logarithmic axis their logarithms.</param>
/// <param name="High">Upper ends.</param>
public sealed record ChartBand(string Color, IReadOnlyList<double> X, IReadOnlyList<double> Low, IReadOnlyList<double> High);
