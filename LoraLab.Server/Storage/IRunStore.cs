using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>
/// Runs, experiments, metric points, the state of the queue and live events. The system's source of truth: everything else can be
/// rebuilt from it and from the run directories. LiteDB implements it for one process, PostgreSQL for
/// several machines.
/// </summary>
internal interface IRunStore : IStoreReader, IRunSeries
{
    /// <summary>Number of the last live event.</summary>
    long Seq { get; }

    /// <summary>Whether it keeps a copy of each document in a file, from which it is rebuilt; a server in one process does.</summary>
    bool HasRecords { get; }

    /// <summary>
    /// Reads and writes atomically: if <paramref name="work"/> throws, nothing is written. On return, the change is in the
    /// database and in the files beside it, or the write of the files failed and is retried.
    /// </summary>
    /// <param name="scope">The documents that the work reads and writes.</param>
    /// <param name="work">
    /// Depends only on the transaction and on values determined before it, and has no other side effects: no files, no generated ids, no
    /// clock. It may be executed twice, and the first execution then has no effect.
    /// </param>
    T Transact<T>(StoreScope scope, Func<IStoreTransaction, T> work);

    /// <summary>Live events after <paramref name="afterSeq"/>, of one run when <paramref name="runId"/> is given.</summary>
    EventPage ReadEvents(long afterSeq, string? runId = null);

    /// <summary>Publishes the events that other nodes have committed until now; the only node always has.</summary>
    void CatchUp()
    {
    }

    StoredResponse? FindResponse(string key);

    /// <summary>
    /// A moment for a new id that no other node gets, not before <paramref name="atLeast"/>; null: no other process makes ids.
    /// </summary>
    long? ReserveMoment(long atLeast) => null;

    /// <summary>All stored responses; for startup.</summary>
    IReadOnlyList<StoredResponse> ListResponses();

    /// <summary>Moves the database's log into its data file, for idle moments.</summary>
    void Checkpoint();

    /// <summary>Retries failed writes of the files beside the database.</summary>
    void RetryRecords();
}
