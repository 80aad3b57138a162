using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;

namespace LoraLab.Server.Domain;

/// <summary>What owns several runs, as the store keeps it: the store knows what it must, the rest is its driver's.</summary>
internal sealed record StoredExperiment
{
    public required string Id { get; init; }

    public required ExperimentKind Kind { get; init; }

    /// <summary>No two of a kind have the same.</summary>
    public required string Name { get; init; }

    /// <summary>Nothing happens any more by itself.</summary>
    public bool Ended { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The driver's own document.</summary>
    public required JsonElement Content { get; init; }

    public T Read<T>() => Content.Deserialize<T>(ContractJson.Options)!;

    public StoredExperiment With<T>(T content) => this with { Content = JsonSerializer.SerializeToElement(content, ContractJson.Options) };

    /// <summary>Whether both say the same.</summary>
    public bool ContentEquals(StoredExperiment other) =>
        Content.GetRawText() == other.Content.GetRawText() && this == other with { Content = Content };
}
