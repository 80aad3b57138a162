using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>The type of a field of the specification.</summary>
/// <param name="IsNumber">Whether it is numeric and can be given as a range.</param>
/// <param name="IsInteger">Whether its numbers are integers.</param>
/// <param name="Expected">The expected value, for messages.</param>
/// <param name="Accepts">Whether it accepts a value.</param>
internal sealed record FieldType(bool IsNumber, bool IsInteger, string Expected, Func<JsonNode?, bool> Accepts);
