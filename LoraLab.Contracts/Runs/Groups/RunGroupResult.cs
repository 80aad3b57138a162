namespace LoraLab.Contracts.Runs.Groups;

/// <summary>Statistics of a result over the runs of a group that have it.</summary>
/// <param name="N">Number of runs that have it.</param>
/// <param name="Mean">Mean.</param>
/// <param name="Deviation">Sample standard deviation; null: of a single value.</param>
public sealed record RunGroupResult(int N, double Mean, double? Deviation);
