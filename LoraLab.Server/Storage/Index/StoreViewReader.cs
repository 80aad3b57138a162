using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>Reads from the latest view of a store.</summary>
internal abstract class StoreViewReader : IStoreReader
{
    public bool Paused => View.Paused;

    /// <summary>The latest view.</summary>
    protected abstract StoreView View { get; }

    public StoredRun? Find(string runId) => View.Find(runId);

    public RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Key? after = null) => View.List(filter, sort, limit, after);

    public RunCounts Counts() => View.Counts();

    public QueuePage QueuePage(int offset = 0, int limit = int.MaxValue) => View.QueuePage(offset, limit);

    public int QueuedUpTo(QueueCursor place) => View.QueuedUpTo(place);

    public int? QueuePositionOf(string runId) => View.QueuePositionOf(runId);

    public StoredRun? NextWaiting(Lane lane) => View.NextWaiting(lane);

    public (long Head, long Tail) QueueEnds() => View.QueueEnds();

    public IReadOnlyDictionary<string, RunDocument> RunsOf(ExperimentKind kind, string experimentId) => View.RunsOf(kind, experimentId);

    public bool HasName(string name) => View.HasName(name);

    public IReadOnlyDictionary<string, int> ColorsOf(string method) => View.ColorsOf(method);

    public StoredExperiment? FindExperiment(string experimentId) => View.FindExperiment(experimentId);

    public IReadOnlyList<StoredExperiment> ListExperiments(ExperimentKind? kind = null) => View.ListExperiments(kind);
}
