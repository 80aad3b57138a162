using LoraLab.Contracts.Compare;

namespace LoraLab.Server.Comparison;

/// <summary>A method group with its runs.</summary>
/// <param name="Runs">All its runs.</param>
/// <param name="Counted">Its runs without duplicated results.</param>
/// <param name="Group">The group in the comparison document.</param>
internal sealed record SeedGroup(IReadOnlyList<ComparedRun> Runs, IReadOnlyList<ComparedRun> Counted, MethodGroup Group);
