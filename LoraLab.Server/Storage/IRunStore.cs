using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>
/// Runs, what owns several of them, their metric points, the queue's state and the live events. The truth of the system: everything else can be
/// rebuilt from it and from the run directories. LiteDB implements it for one process; a server for several machines
/// brings its own.
/// </summary>
internal interface IRunStore
{
    /// <summary>Number of the last live event.</summary>
    long Seq { get; }

    bool Paused { get; }

    /// <summary>All runs at one moment, in no particular order.</summary>
    IReadOnlyCollection<StoredRun> Runs { get; }

    StoredRun? Find(string runId);

    /// <summary>All studies and sweeps at one moment, in no particular order.</summary>
    IReadOnlyCollection<StoredPlan> Plans { get; }

    StoredPlan? FindPlan(string planId);

    /// <summary>Reads and writes as one: all of it happens, or, when <paramref name="work"/> throws, nothing.</summary>
    T Transact<T>(Func<IStoreTransaction, T> work);

    /// <summary>
    /// Series of a run; all keys when <paramref name="keys"/> is null. Each step once: points of a later attempt take the place of those of
    /// an earlier one beyond the step that it resumed from. With <paramref name="attempt"/> all points of that attempt and no other's.
    /// </summary>
    IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null);

    /// <summary>Events after <paramref name="afterSeq"/>, of one run when <paramref name="runId"/> is given.</summary>
    EventPage ReadEvents(long afterSeq, string? runId = null);

    StoredAnswer? FindAnswer(string key);

    /// <summary>Writes what is only in the log of the database to its file; for idle moments.</summary>
    void Checkpoint();
}
