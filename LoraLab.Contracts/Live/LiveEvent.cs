using System.Text.Json;
using LoraLab.Contracts.Worker;

namespace LoraLab.Contracts.Live;

/// <summary>A message of the live channel.</summary>
/// <param name="Seq">Sequence number from a store-wide counter that survives restarts; 0: the event is not replayed.</param>
/// <param name="RunId">The run concerned; null: none.</param>
/// <param name="Type">One of <see cref="LiveEventTypes"/>.</param>
/// <param name="At">Time, UTC.</param>
/// <param name="Data">Payload; see the types.</param>
public sealed record LiveEvent(long Seq, string? RunId, string Type, DateTimeOffset At, JsonElement Data);

/// <summary>Types of <see cref="LiveEvent"/> and their payloads.</summary>
public static class LiveEventTypes
{
    /// <summary>Payload: the <c>RunDocument</c>, or <c>{"deleted": true}</c>.</summary>
    public const string RunState = "run.state";

    /// <summary>Payload: <c>RunProgress</c>.</summary>
    public const string RunProgress = "run.progress";

    /// <summary>Payload: <c>RunMetrics</c> with the new points.</summary>
    public const string RunMetrics = "run.metrics";

    /// <summary>Payload: <c>LogChunk</c>.</summary>
    public const string RunLog = "run.log";

    /// <summary>Payload: <c>QueueDocument</c> with the first 50 queued runs.</summary>
    public const string QueueChanged = "queue.changed";

    /// <summary>Payload: <see cref="ExperimentNotice"/>.</summary>
    public const string ExperimentChanged = "plan.changed";

    /// <summary>Payload: <c>SystemSample</c>; not replayed.</summary>
    public const string SystemSample = "system.sample";

    /// <summary>Payload: <c>PullNotice</c>; not replayed.</summary>
    public const string PullChanged = "pull.changed";
}

/// <summary>Names used by the hub.</summary>
public static class LiveHub
{
    /// <summary>Path of the hub.</summary>
    public const string Path = "/hubs/live";

    /// <summary>
    /// Header of API responses: live events up to this number are included in the response; subscribe after it and nothing is missed.
    /// </summary>
    public const string SeqHeader = "X-LoraLab-Seq";

    /// <summary>Hub method <c>Subscribe(topics, afterSeq)</c>.</summary>
    public const string Subscribe = "Subscribe";

    /// <summary>Hub method <c>Unsubscribe(topics)</c>.</summary>
    public const string Unsubscribe = "Unsubscribe";

    /// <summary>Client method that takes a <see cref="LiveEvent"/>.</summary>
    public const string Event = "Event";

    /// <summary>All run states.</summary>
    public const string Runs = "runs";

    /// <summary>The queue.</summary>
    public const string Queue = "queue";

    /// <summary>The machine, and downloads.</summary>
    public const string System = "system";

    /// <summary>All studies.</summary>
    public const string Studies = "studies";

    /// <summary>All sweeps.</summary>
    public const string Sweeps = "sweeps";

    /// <summary>One study; events of its runs are on <see cref="Runs"/>.</summary>
    public static string Study(string id) => $"study:{id}";

    /// <summary>One sweep; events of its runs are on <see cref="Runs"/>.</summary>
    public static string Sweep(string id) => $"sweep:{id}";

    /// <summary>State, progress and metrics of one run.</summary>
    public static string Run(string id) => $"run:{id}";

    /// <summary>Log lines of one run.</summary>
    public static string RunLogs(string id) => $"run:{id}:logs";
}

/// <summary>A chunk of a run's log.</summary>
/// <param name="Offset">Byte offset of the text.</param>
/// <param name="NextOffset">Offset of the next chunk.</param>
/// <param name="Text">The text.</param>
public sealed record LogChunk(long Offset, long NextOffset, string Text);

/// <summary>A sample of machine metrics.</summary>
public sealed record SystemSample
{
    /// <summary>Name of the node that it is of; null: the only one.</summary>
    public string? Node { get; init; }

    /// <summary>Memory in use, MiB.</summary>
    public double UsedMemoryMb { get; init; }

    /// <summary>Total memory, MiB.</summary>
    public double TotalMemoryMb { get; init; }

    /// <summary>CPU load in [0, 1].</summary>
    public double? CpuLoad { get; init; }

    /// <summary>Memory of the running worker, MiB; null: none is running.</summary>
    public double? WorkerMemoryMb { get; init; }

    /// <summary>Current state of the GPUs available to runs; empty: none.</summary>
    public IReadOnlyList<DeviceEntry> Gpus { get; init; } = [];
}
