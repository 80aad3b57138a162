using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Running runs, and a page of the queued ones.</summary>
/// <param name="Paused">Whether the queue is paused.</param>
/// <param name="Running">Active runs, by the start of their first attempt.</param>
/// <param name="Waiting">Queued runs of the page, in order.</param>
/// <param name="Offset">Number of queued runs before the page.</param>
/// <param name="Total">Number of all queued runs.</param>
internal sealed record QueuePage(
    bool Paused, IReadOnlyList<StoredRun> Running, IReadOnlyList<StoredRun> Waiting, int Offset, int Total)
{
    /// <summary>Maximum number of queued runs in a response.</summary>
    public const int MaximumLimit = 500;

    /// <summary>Number of queued runs in a response unless the request states another.</summary>
    public const int DefaultLimit = 200;

    /// <summary>Number of queued runs in a live event.</summary>
    public const int LiveLimit = 50;

    /// <summary>The page as a contract document.</summary>
    public QueueDocument Document => new()
    {
        Paused = Paused,
        Running = [.. Running.Select(run => run.Document)],
        Queued = [.. Waiting.Select((run, i) => run.Document with { QueuePosition = Offset + i + 1 })],
        Total = Total,
        Offset = Offset,
        NextCursor = Waiting.Count > 0 && Offset + Waiting.Count < Total ? QueueCursor.Of(Waiting[^1])?.Encode() : null,
    };
}
