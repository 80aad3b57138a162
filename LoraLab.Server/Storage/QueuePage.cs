using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Running and queued runs.</summary>
/// <param name="Paused">Whether the queue is paused.</param>
/// <param name="Running">Active runs, by the start of their first attempt.</param>
/// <param name="Waiting">Queued runs, in order.</param>
internal sealed record QueuePage(bool Paused, IReadOnlyList<StoredRun> Running, IReadOnlyList<StoredRun> Waiting)
{
    /// <summary>The queue as a contract document.</summary>
    public QueueDocument Document => new()
    {
        Paused = Paused,
        Running = [.. Running.Select(run => run.Document)],
        Queued = [.. Waiting.Select((run, i) => run.Document with { QueuePosition = i + 1 })],
    };
}
