using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Compare;

/// <summary>Something in which runs differ and that does not forbid a test.</summary>
/// <param name="Field">Dotted name, for example <c>learningRate</c>, <c>environment.threads</c> or <c>training.filesSha256</c>.</param>
/// <param name="Source">Where it is written.</param>
/// <param name="Values">Value of each run by its id; null where it is absent or not known.</param>
public sealed record CompareFactor(string Field, FactorSource Source, IReadOnlyDictionary<string, JsonNode?> Values);

/// <summary>Where a factor is written.</summary>
public enum FactorSource
{
    /// <summary>The specification: somebody chose it.</summary>
    Specification,

    /// <summary>The fingerprint: what was really read and consumed.</summary>
    Fingerprint,

    /// <summary>The environment: device, precision, threads and versions.</summary>
    Environment,
}
