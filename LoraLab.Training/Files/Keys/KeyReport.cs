namespace LoraLab.Training.Files.Keys;

/// <summary>Result of checking the keys of a file.</summary>
/// <param name="Problem">The first key that is refused, as the predicate of a sentence without a period; null: none.</param>
/// <param name="Ignored">Keys that are in no table and not about the mathematics.</param>
internal sealed record KeyReport(string? Problem, IReadOnlyList<string> Ignored);
