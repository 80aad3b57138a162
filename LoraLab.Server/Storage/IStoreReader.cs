using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Reads stored runs, studies and sweeps at one point in time. Only text search scans all runs.</summary>
internal interface IStoreReader
{
    /// <summary>Whether the queue is paused.</summary>
    bool Paused { get; }

    StoredRun? Find(string runId);

    /// <summary>A page of the runs that match a filter, in order; after a sort key if one is given.</summary>
    RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Key? after = null);

    RunCounts Counts();

    /// <summary>Running runs, and a page of the queued ones; all of them by default.</summary>
    QueuePage QueuePage(int offset = 0, int limit = int.MaxValue);

    /// <summary>Number of queued runs up to a place in the queue, which a run need not hold any more.</summary>
    int QueuedUpTo(QueueCursor place);

    /// <summary>Position of a run in the queue, 1 for the next; null: it is not queued.</summary>
    int? QueuePositionOf(string runId);

    /// <summary>The next queued run for a lane, ignoring a pause; null: there is none.</summary>
    StoredRun? NextWaiting(Lane lane);

    /// <summary>Positions before the first and after the last run.</summary>
    (long Head, long Tail) QueueEnds();

    /// <summary>The runs of a study or sweep, by their key in it.</summary>
    IReadOnlyDictionary<string, RunDocument> RunsOf(ExperimentKind kind, string experimentId);

    /// <summary>Whether any run has this name.</summary>
    bool HasName(string name);

    /// <summary>Number of a method's runs per color.</summary>
    IReadOnlyDictionary<string, int> ColorsOf(string method);

    StoredExperiment? FindExperiment(string experimentId);

    /// <summary>Studies or sweeps, latest first; both if no kind is given.</summary>
    IReadOnlyList<StoredExperiment> ListExperiments(ExperimentKind? kind = null);
}
