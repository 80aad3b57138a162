using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs;

/// <summary>A suggested change to a specification.</summary>
/// <param name="Label">The change in a few words, for example <c>packTokens 300</c>.</param>
/// <param name="Changes">Specification fields with their new values.</param>
/// <param name="TotalMb">Estimated peak memory with the change, MiB; null if it does not concern memory.</param>
public sealed record RunSuggestion(
    string Label, [property: DescribedAs(typeof(RunSpecChanges))] JsonObject Changes, double? TotalMb = null);
