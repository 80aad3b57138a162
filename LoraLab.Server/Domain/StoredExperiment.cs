using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;

namespace LoraLab.Server.Domain;

/// <summary>A study or sweep as stored: the fields that the store needs, and the driver's own document.</summary>
internal sealed record StoredExperiment
{
    public required string Id { get; init; }

    public required ExperimentKind Kind { get; init; }

    /// <summary>Unique per kind.</summary>
    public required string Name { get; init; }

    /// <summary>True when it no longer proceeds by itself.</summary>
    public bool Ended { get; init; }

    /// <summary>Name of the key with which it was created; null: not recorded. Its runs have it too.</summary>
    public string? SubmittedBy { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The driver's own document.</summary>
    public required JsonElement Content { get; init; }

    public T Read<T>() => Content.Deserialize<T>(ContractJson.Options)!;

    public StoredExperiment With<T>(T content) => this with { Content = JsonSerializer.SerializeToElement(content, ContractJson.Options) };

    /// <summary>Whether both are equal, including their content.</summary>
    public bool ContentEquals(StoredExperiment other) =>
        Content.GetRawText() == other.Content.GetRawText() && this == other with { Content = Content };
}
