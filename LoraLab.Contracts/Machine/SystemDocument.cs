using LoraLab.Contracts.Worker;

namespace LoraLab.Contracts.Machine;

/// <summary>The server and its machine.</summary>
public sealed record SystemDocument
{
    /// <summary>Version of LoraLab.</summary>
    public required string Version { get; init; }

    /// <summary>Name of the node that this describes; null: the only one.</summary>
    public string? Node { get; init; }

    /// <summary>Operating system.</summary>
    public required string OperatingSystem { get; init; }

    /// <summary>.NET runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>CPU cores.</summary>
    public int Cores { get; init; }

    /// <summary>Total memory, MiB.</summary>
    public double TotalMemoryMb { get; init; }

    /// <summary>Devices available to runs.</summary>
    public IReadOnlyList<DeviceEntry> Devices { get; init; } = [];

    /// <summary>Configured lanes.</summary>
    public IReadOnlyList<string> Lanes { get; init; } = [];

    /// <summary>Memory budget in MiB; null: none.</summary>
    public int? MemoryBudgetMb { get; init; }

    /// <summary>Folder of the database and the runs.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Free disk space of the data directory, bytes.</summary>
    public long FreeDiskBytes { get; init; }

    /// <summary>Size of all run directories, bytes.</summary>
    public long RunBytes { get; init; }

    /// <summary>Number of runs in the store.</summary>
    public int Runs { get; init; }

    /// <summary>Start time of the server, UTC.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>The nodes that take runs from the queue or serve the API; one, unless several share a PostgreSQL database.</summary>
    public IReadOnlyList<NodeEntry> Nodes { get; init; } = [];

    /// <summary>Problems, one sentence each; empty: none.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
