using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Scheduling;

/// <summary>Pauses and reorders the queue.</summary>
internal sealed class QueueService(IRunStore store, Lanes lanes)
{
    public QueueDocument SetPaused(bool paused)
    {
        QueueDocument queue = store.Transact(StoreScope.Queue, transaction =>
        {
            transaction.SetPaused(paused);
            return EmitQueue(transaction);
        });
        lanes.Wake();
        return queue;
    }

    public QueueDocument Move(QueueMove move)
    {
        if ((move.Position is null) == (move.Before is null))
        {
            throw ApiFailure.Invalid("position", "Give either position (top, bottom, up or down) or before (the id of a queued run).");
        }

        QueueDocument queue = store.Transact(StoreScope.Queue, transaction =>
        {
            List<StoredRun> waiting = [.. transaction.QueuePage().Waiting];
            int from = IndexOf(transaction, waiting, move.RunId);
            StoredRun moved = waiting[from];
            int to = Target(transaction, waiting, from, move);
            waiting.RemoveAt(from);
            waiting.Insert(to, moved);
            Renumber(transaction, waiting, to);
            return EmitQueue(transaction);
        });
        lanes.Wake();
        return queue;
    }

    private static int Target(IStoreTransaction transaction, List<StoredRun> waiting, int from, QueueMove move)
    {
        int last = waiting.Count - 1;
        switch (move.Position)
        {
            case "top":
                return 0;
            case "bottom":
                return last;
            case "up":
                return Math.Max(0, from - 1);
            case "down":
                return Math.Min(last, from + 1);
            case null:
                int before = IndexOf(transaction, waiting, move.Before!);
                return before > from ? before - 1 : before;
            default:
                throw ApiFailure.Invalid("position", $"position is '{move.Position}'; it must be top, bottom, up or down.");
        }
    }

    private static int IndexOf(IStoreTransaction transaction, List<StoredRun> waiting, string runId)
    {
        if (string.IsNullOrEmpty(runId) || transaction.Find(runId) is not { } run)
        {
            throw ApiFailure.NoRun(runId ?? "");
        }

        int index = waiting.FindIndex(other => other.Document.Id == runId);
        return index >= 0
            ? index
            : throw ApiFailure.Conflict(
                "runNotQueued", $"Run {runId} is {run.Document.State.ToString().ToLowerInvariant()}; only queued runs can be moved.");
    }

    /// <summary>Writes the order; priority precedes position, so the moved run gets the priority that its new position requires.</summary>
    private static void Renumber(IStoreTransaction transaction, List<StoredRun> waiting, int moved)
    {
        RunDocument document = waiting[moved].Document;
        int priority = document.Priority;
        priority = moved + 1 < waiting.Count ? Math.Max(priority, waiting[moved + 1].Document.Priority) : priority;
        priority = moved > 0 ? Math.Min(priority, waiting[moved - 1].Document.Priority) : priority;
        document = document with { Priority = priority, Spec = document.Spec with { Priority = priority } };
        long[] positions = [.. waiting.Select(run => run.Position).Order()];
        for (int i = 0; i < waiting.Count; i++)
        {
            StoredRun run = i == moved ? waiting[i] with { Document = document } : waiting[i];
            if (run.Position != positions[i] || i == moved)
            {
                transaction.Put(run with { Position = positions[i] });
            }
        }

        transaction.EmitState(document);
    }

    private static QueueDocument EmitQueue(IStoreTransaction transaction)
    {
        transaction.Emit(null, LiveEventTypes.QueueChanged, transaction.QueuePage(limit: QueuePage.LiveLimit).Document);
        return transaction.QueuePage(limit: QueuePage.DefaultLimit).Document;
    }
}
