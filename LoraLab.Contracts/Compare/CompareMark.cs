namespace LoraLab.Contracts.Compare;

/// <summary>A value that is the best of its column and was shown to differ from all others, which are comparable with it.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Column">Key of the metric, or <c>trainSeconds</c>, <c>peakMemoryMb</c> or <c>trainableParameters</c>.</param>
public sealed record CompareMark(string RunId, string Column);
