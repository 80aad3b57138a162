using LoraLab.Contracts.Compare;

namespace LoraLab.Server.Comparison;

/// <summary>A group with the runs behind it.</summary>
/// <param name="Runs">All of them.</param>
/// <param name="Counted">Without repetitions of a result.</param>
/// <param name="Group">As it is shown.</param>
internal sealed record SeedGroup(IReadOnlyList<ComparedRun> Runs, IReadOnlyList<ComparedRun> Counted, MethodGroup Group);
