using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>The order of waiting runs: priority first, then position.</summary>
internal static class QueueOrder
{
    public static IReadOnlyList<StoredRun> Waiting(IEnumerable<StoredRun> runs) =>
    [
        .. runs.Where(run => run.Document.State == RunState.Queued)
            .OrderByDescending(run => run.Document.Priority)
            .ThenBy(run => run.Position)
            .ThenBy(run => run.Document.Id, StringComparer.Ordinal),
    ];

    /// <summary>The document with its place in the queue.</summary>
    public static RunDocument WithPosition(RunDocument document, IEnumerable<StoredRun> runs)
    {
        if (document.State != RunState.Queued)
        {
            return document;
        }

        IReadOnlyList<StoredRun> waiting = Waiting(runs);
        int index = waiting.Select(run => run.Document.Id).TakeWhile(id => id != document.Id).Count();
        return document with { QueuePosition = index < waiting.Count ? index + 1 : null };
    }

    public static QueueDocument Describe(IReadOnlyCollection<StoredRun> runs, bool paused) => new()
    {
        Paused = paused,
        Running = [.. runs.Select(run => run.Document).Where(run => run.State is RunState.Preparing or RunState.Running or RunState.Cancelling).OrderBy(run => run.StartedAt)],
        Queued = [.. Waiting(runs).Select((run, i) => run.Document with { QueuePosition = i + 1 })],
    };

    /// <summary>Before every other waiting run of its priority.</summary>
    public static long HeadPosition(IEnumerable<StoredRun> runs) => runs.Select(run => run.Position).DefaultIfEmpty(0).Min() - 1;

    public static long NextPosition(IEnumerable<StoredRun> runs) => runs.Select(run => run.Position).DefaultIfEmpty(0).Max() + 1;
}
