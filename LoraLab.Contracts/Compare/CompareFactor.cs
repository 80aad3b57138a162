using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Compare;

/// <summary>Where a factor is recorded.</summary>
public enum FactorSource
{
    /// <summary>The specification: chosen by the user.</summary>
    Specification,

    /// <summary>The fingerprint: data actually read and consumed.</summary>
    Fingerprint,

    /// <summary>The environment: device, precision, threads and versions.</summary>
    Environment,
}

/// <summary>A property that differs between runs without preventing a test.</summary>
/// <param name="Field">Dotted name, for example <c>learningRate</c>, <c>environment.threads</c> or <c>training.filesSha256</c>.</param>
/// <param name="Source">Where it is recorded.</param>
/// <param name="Values">Values by run id; null: absent or unknown.</param>
public sealed record CompareFactor(string Field, FactorSource Source, IReadOnlyDictionary<string, JsonNode?> Values);
