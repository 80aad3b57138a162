using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Shorter words for what is asked of a store often.</summary>
internal static class RunStoreExtensions
{
    private const int PageSize = 500;

    /// <summary>A transaction without a result.</summary>
    public static void Transact(this IRunStore store, StoreScope scope, Action<IStoreTransaction> work) => store.Transact(scope, transaction =>
    {
        work(transaction);
        return true;
    });

    /// <summary>The document with its place in the queue.</summary>
    public static RunDocument WithQueuePosition(this IStoreReader reader, RunDocument document) =>
        document.State == RunState.Queued ? document with { QueuePosition = reader.QueuePositionOf(document.Id) } : document;

    /// <summary>
    /// All runs that a filter means, a page at a time, for who must look at each of them and may take the time: at start, and for a client that begins
    /// anew. What changes on the way may be met as it was or as it is.
    /// </summary>
    public static IEnumerable<StoredRun> Enumerate(this IStoreReader reader, RunFilter filter, RunSort? sort = null)
    {
        RunSort order = sort ?? RunSort.Oldest;
        RunSort.Key? after = null;
        RunPage page;
        do
        {
            page = reader.List(filter, order, PageSize, after);
            foreach (StoredRun run in page.Items)
            {
                yield return run;
                after = order.KeyOf(run.Document);
            }
        }
        while (page.HasMore);
    }
}
