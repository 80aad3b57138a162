using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>Answers from the latest of the values that a store publishes.</summary>
internal abstract class StoreViewReader : IStoreReader
{
    public bool Paused => View.Paused;

    /// <summary>The latest.</summary>
    protected abstract StoreView View { get; }

    public StoredRun? Find(string runId) => View.Find(runId);

    public RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Place? after = null) => View.List(filter, sort, limit, after);

    public RunCounts Counts() => View.Counts();

    public QueuePage QueuePage() => View.QueuePage();

    public int? QueuePositionOf(string runId) => View.QueuePositionOf(runId);

    public StoredRun? NextWaiting(Lane lane) => View.NextWaiting(lane);

    public (long Head, long Tail) QueueEnds() => View.QueueEnds();

    public IReadOnlyDictionary<string, RunDocument> OfPlan(ExperimentKind kind, string planId) => View.OfPlan(kind, planId);

    public bool HasName(string name) => View.HasName(name);

    public IReadOnlyDictionary<string, int> ColorsOf(string method) => View.ColorsOf(method);

    public StoredExperiment? FindPlan(string planId) => View.FindPlan(planId);

    public IReadOnlyList<StoredExperiment> ListPlans(ExperimentKind? kind = null) => View.ListPlans(kind);
}
