using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>What runs and what waits.</summary>
/// <param name="Paused">Nothing is taken.</param>
/// <param name="Running">What runs, by the begin of its first attempt.</param>
/// <param name="Waiting">What waits, in order.</param>
internal sealed record QueuePage(bool Paused, IReadOnlyList<StoredRun> Running, IReadOnlyList<StoredRun> Waiting)
{
    /// <summary>As it is shown and told.</summary>
    public QueueDocument Document => new()
    {
        Paused = Paused,
        Running = [.. Running.Select(run => run.Document)],
        Queued = [.. Waiting.Select((run, i) => run.Document with { QueuePosition = i + 1 })],
    };
}
