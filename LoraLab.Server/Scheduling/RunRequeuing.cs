using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Scheduling;

/// <summary>Returns runs to the queue.</summary>
internal static class RunRequeuing
{
    /// <summary>
    /// Moves an ended run to the head of the queue; null: it cannot be resumed or does not exist. The scope includes the queue.
    /// </summary>
    public static RunDocument? Resume(IStoreTransaction transaction, string runId)
    {
        if (transaction.Find(runId) is not { } run || RunStateMachine.Resume(run.Document) is not { } document)
        {
            return null;
        }

        transaction.Put(run with { Document = document, Position = transaction.QueueEnds().Head });
        transaction.EmitState(document);
        return transaction.WithQueuePosition(document);
    }
}
