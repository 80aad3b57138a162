using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs.Groups;

/// <summary>The different values of a field within a group.</summary>
/// <param name="Count">Number of different values.</param>
/// <param name="Values">The first of them, in the order of the runs.</param>
public sealed record RunGroupValues(int Count, IReadOnlyList<JsonNode?> Values);
