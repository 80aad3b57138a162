namespace LoraLab.Server.Comparison;

/// <summary>The runs of a comparison.</summary>
/// <param name="Runs">Those that exist, in the order requested; at least one.</param>
/// <param name="Missing">Ids that no run has.</param>
internal sealed record ComparedSelection(IReadOnlyList<ComparedRun> Runs, IReadOnlyList<string> Missing);
