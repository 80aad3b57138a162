namespace LoraLab.Contracts.Machine;

/// <summary>A server that shares the queue.</summary>
public sealed record NodeEntry
{
    /// <summary>Its name, unique among the nodes.</summary>
    public required string Name { get; init; }

    /// <summary><c>All</c>, <c>Web</c> or <c>Worker</c>.</summary>
    public required string Role { get; init; }

    /// <summary>Devices of its lanes; empty: it takes no runs.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>Labels that runs can require.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Until when its runs are its own unless it renews them, by the database's clock, UTC; null: they always are.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>When it was last heard of, UTC.</summary>
    public DateTimeOffset LastSeen { get; init; }

    /// <summary>Ids of the runs that it executes.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];

    /// <summary>Whether it takes no more runs.</summary>
    public bool Draining { get; init; }
}
