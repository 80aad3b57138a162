using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Shorthands for frequent store operations.</summary>
internal static class RunStoreExtensions
{
    private const int PageSize = 500;

    /// <summary>A transaction without a result.</summary>
    public static void Transact(this IRunStore store, StoreScope scope, Action<IStoreTransaction> work) =>
        store.Transact(scope, transaction =>
        {
            work(transaction);
            return true;
        });

    /// <summary>The document with its queue position.</summary>
    public static RunDocument WithQueuePosition(this IStoreReader reader, RunDocument document) =>
        document.State == RunState.Queued ? document with { QueuePosition = reader.QueuePositionOf(document.Id) } : document;

    /// <summary>
    /// All runs that match a filter, page by page, for callers that need every run and are not time-critical: at startup, and for
    /// snapshots. Concurrent changes may or may not be seen.
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
