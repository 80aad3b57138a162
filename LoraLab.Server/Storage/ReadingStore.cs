using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>The reads of a store, which a reader of its own answers.</summary>
internal abstract class ReadingStore : IStoreReader
{
    public bool Paused => Reader.Paused;

    /// <summary>Reads what is stored now.</summary>
    protected abstract IStoreReader Reader { get; }

    public StoredRun? Find(string runId) => Reader.Find(runId);

    public RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Key? after = null) => Reader.List(filter, sort, limit, after);

    public RunCounts Counts() => Reader.Counts();

    public QueuePage QueuePage(int offset = 0, int limit = int.MaxValue) => Reader.QueuePage(offset, limit);

    public int QueuedUpTo(QueueCursor place) => Reader.QueuedUpTo(place);

    public int? QueuePositionOf(string runId) => Reader.QueuePositionOf(runId);

    public StoredRun? NextWaiting(Lane lane) => Reader.NextWaiting(lane);

    public (long Head, long Tail) QueueEnds() => Reader.QueueEnds();

    public IReadOnlyDictionary<string, RunDocument> RunsOf(ExperimentKind kind, string experimentId) => Reader.RunsOf(kind, experimentId);

    public bool HasName(string name) => Reader.HasName(name);

    public IReadOnlyDictionary<string, int> ColorsOf(string method) => Reader.ColorsOf(method);

    public StoredExperiment? FindExperiment(string experimentId) => Reader.FindExperiment(experimentId);

    public IReadOnlyList<StoredExperiment> ListExperiments(ExperimentKind? kind = null) => Reader.ListExperiments(kind);
}
