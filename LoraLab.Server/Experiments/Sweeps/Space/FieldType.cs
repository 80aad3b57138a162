using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Sweeps.Space;

/// <summary>What a field of the specification takes.</summary>
/// <param name="IsNumber">It can be given as a range.</param>
/// <param name="IsWhole">Its numbers are whole.</param>
/// <param name="Expected">What it takes, in words.</param>
/// <param name="Takes">Whether it takes a value.</param>
internal sealed record FieldType(bool IsNumber, bool IsWhole, string Expected, Func<JsonNode?, bool> Takes);
