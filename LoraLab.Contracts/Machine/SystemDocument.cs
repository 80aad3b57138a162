using LoraLab.Contracts.Worker;

namespace LoraLab.Contracts.Machine;

/// <summary>What the server runs on.</summary>
public sealed record SystemDocument
{
    /// <summary>Version of LoraLab.</summary>
    public required string Version { get; init; }

    /// <summary>Operating system.</summary>
    public required string OperatingSystem { get; init; }

    /// <summary>.NET runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>Processor cores.</summary>
    public int Cores { get; init; }

    /// <summary>Memory in all, MiB.</summary>
    public double TotalMemoryMb { get; init; }

    /// <summary>Devices that runs can use.</summary>
    public IReadOnlyList<DeviceEntry> Devices { get; init; } = [];

    /// <summary>Configured lanes.</summary>
    public IReadOnlyList<string> Lanes { get; init; } = [];

    /// <summary>Memory budget in MiB; null: none.</summary>
    public int? MemoryBudgetMb { get; init; }

    /// <summary>Folder of database and runs.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Free disk space there, bytes.</summary>
    public long FreeDiskBytes { get; init; }

    /// <summary>Bytes of all run directories.</summary>
    public long RunBytes { get; init; }

    /// <summary>Runs in the store.</summary>
    public int Runs { get; init; }

    /// <summary>Start of the server, UTC.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Things that are wrong, in sentences; empty when all is well.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
