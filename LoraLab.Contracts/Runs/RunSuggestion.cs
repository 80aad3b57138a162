using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs;

/// <summary>A change of a specification that would help by itself.</summary>
/// <param name="Label">The change in a few words, for example <c>packTokens 300</c>.</param>
/// <param name="Changes">Fields of the specification and their new values.</param>
/// <param name="TotalMb">The run's peak memory with it by the estimate, MiB; null where memory is not what it is about.</param>
public sealed record RunSuggestion(string Label, JsonObject Changes, double? TotalMb = null);
