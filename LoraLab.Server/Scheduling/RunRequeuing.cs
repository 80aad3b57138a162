using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Scheduling;

/// <summary>Puts runs back into the queue.</summary>
internal static class RunRequeuing
{
    /// <summary>An ended run goes to the head of the queue; null: it is not one that can go on, or there is none. The transaction has the queue.</summary>
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
