using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>What can be asked of the runs, studies and sweeps that are stored, at one moment. None of it walks through all runs, but text search.</summary>
internal interface IStoreReader
{
    /// <summary>Whether the queue is.</summary>
    bool Paused { get; }

    StoredRun? Find(string runId);

    /// <summary>The first runs of an order that a filter means, behind a place where one is given.</summary>
    RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Key? after = null);

    RunCounts Counts();

    /// <summary>What runs and what waits.</summary>
    QueuePage QueuePage();

    /// <summary>Place of a run in the queue, 1 for the next; null: it does not wait.</summary>
    int? QueuePositionOf(string runId);

    /// <summary>The run that a lane takes next, were the queue not paused; null: there is none for it.</summary>
    StoredRun? NextWaiting(Lane lane);

    /// <summary>Positions before and behind all that there are.</summary>
    (long Head, long Tail) QueueEnds();

    /// <summary>The runs of a study or sweep, by the key that each has in it.</summary>
    IReadOnlyDictionary<string, RunDocument> RunsOf(ExperimentKind kind, string experimentId);

    /// <summary>Whether a run has the name.</summary>
    bool HasName(string name);

    /// <summary>How many runs of a method have a colour.</summary>
    IReadOnlyDictionary<string, int> ColorsOf(string method);

    StoredExperiment? FindExperiment(string experimentId);

    /// <summary>Studies or sweeps, the latest first; both where no kind is given.</summary>
    IReadOnlyList<StoredExperiment> ListExperiments(ExperimentKind? kind = null);
}
