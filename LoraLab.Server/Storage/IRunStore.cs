using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>
/// Runs, what owns several of them, their metric points, the queue's state and the live events. The truth of the system: everything else can be
/// rebuilt from it and from the run directories. LiteDB implements it for one process; a server for several machines
/// brings its own.
/// </summary>
internal interface IRunStore : IStoreReader, IRunSeries
{
    /// <summary>Number of the last live event.</summary>
    long Seq { get; }

    /// <summary>
    /// Reads and writes as one: all of it happens, or, when <paramref name="work"/> throws, nothing. When it returns, the change is in the
    /// database and in the files beside it, or the disk refused the files and they are tried again.
    /// </summary>
    /// <param name="scope">What the work decides on and writes.</param>
    /// <param name="work">
    /// Depends on the transaction and on what was known before it, and changes nothing else: no file, no id that is drawn, no clock. It may be
    /// done twice, and what it did the first time has then never happened.
    /// </param>
    T Transact<T>(StoreScope scope, Func<IStoreTransaction, T> work);

    /// <summary>Events after <paramref name="afterSeq"/>, of one run when <paramref name="runId"/> is given.</summary>
    EventPage ReadEvents(long afterSeq, string? runId = null);

    StoredResponse? FindResponse(string key);

    /// <summary>All answers that are kept; for start-up.</summary>
    IReadOnlyList<StoredResponse> ListResponses();

    /// <summary>Writes what is only in the log of the database to its file, for idle moments.</summary>
    void Checkpoint();

    /// <summary>Tries again to write the files beside the database that the disk refused.</summary>
    void RetryRecords();
}
