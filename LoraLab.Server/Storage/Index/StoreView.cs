using System.Collections.Immutable;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>The stored documents at one point in time, in memory. Immutable, so it is read without a lock.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="Experiments">Studies and sweeps by id.</param>
/// <param name="Paused">Whether the queue is paused.</param>
internal sealed record StoreView(RunIndex Runs, ImmutableDictionary<string, StoredExperiment> Experiments, bool Paused) : IStoreReader
{
    private static readonly RunState[] _active = [RunState.Preparing, RunState.Running, RunState.Cancelling];

    public StoredRun? Find(string runId) => Runs.Find(runId);

    public RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Key? after = null) => Runs.List(filter, sort, after, limit);

    public RunCounts Counts() => new(Runs.Count, Enum.GetValues<RunState>().ToDictionary(state => state, Runs.CountOf));

    public QueuePage QueuePage(int offset = 0, int limit = int.MaxValue) => new(
        Paused,
        [.. _active.SelectMany(Runs.InState).OrderBy(run => run.Document.StartedAt).ThenBy(run => run.Document.Id, StringComparer.Ordinal)],
        [.. Runs.Waiting.Page(offset, limit).Select(id => Runs.Find(id)!)],
        offset,
        Runs.Waiting.Count);

    public int QueuedUpTo(QueueCursor place) => Runs.Waiting.CountUpTo(place);

    public int? QueuePositionOf(string runId) => Find(runId) is { } run ? Runs.Waiting.PositionOf(run) : null;

    public StoredRun? NextWaiting(Lane lane) =>
        Runs.Waiting.Ids.Select(id => Runs.Find(id)!).FirstOrDefault(run => lane.Accepts(run.Document.Spec));

    public (long Head, long Tail) QueueEnds() => (Runs.Waiting.Head, Runs.Waiting.Tail);

    public IReadOnlyDictionary<string, RunDocument> RunsOf(ExperimentKind kind, string experimentId) =>
        Runs.RunsOf(kind == ExperimentKind.Study, experimentId)
            .Where(run => run.ExperimentKey is not null)
            .ToDictionary(run => run.ExperimentKey!, run => run.Document);

    public bool HasName(string name) => Runs.Names.Has(name);

    public IReadOnlyDictionary<string, int> ColorsOf(string method) => Runs.Names.ColorsOf(method);

    public StoredExperiment? FindExperiment(string experimentId) => Experiments.GetValueOrDefault(experimentId);

    public IReadOnlyList<StoredExperiment> ListExperiments(ExperimentKind? kind = null) =>
        [.. Experiments.Values.Where(experiment => kind is null || experiment.Kind == kind)
            .OrderByDescending(experiment => experiment.Id, StringComparer.Ordinal)];
}
