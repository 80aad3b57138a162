using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage.Index;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>Collects the writes of a transaction, so that an exception midway has no effect.</summary>
internal sealed class StagedTransaction(StoreView stored, StoreScope scope, DateTimeOffset now, IRunSeries series) : IStoreTransaction
{
    private readonly List<Func<long, LiveEvent>> _events = [];
    private readonly bool _wasPaused = stored.Paused;
    private StoreView _view = stored;

    /// <summary>The view after the commit.</summary>
    public StoreView Result => _view;

    public DateTimeOffset Now => now;

    /// <summary>Changed runs; null: removed.</summary>
    public Dictionary<string, StoredRun?> Changed { get; } = [];

    /// <summary>Changed studies and sweeps; null: removed.</summary>
    public Dictionary<string, StoredExperiment?> ChangedExperiments { get; } = [];

    public Dictionary<string, List<MetricPoint>> Points { get; } = [];

    public List<StoredResponse> Responses { get; } = [];

    /// <summary>Number of emitted events.</summary>
    public int Events => _events.Count;

    public bool IsEmpty => Changed.Count == 0 && ChangedExperiments.Count == 0 && Points.Count == 0 && Responses.Count == 0
        && _events.Count == 0 && _view.Paused == _wasPaused;

    public bool Paused => _view.Paused;

    /// <summary>The changes of runs, published after the commit.</summary>
    /// <param name="before">The view before the transaction.</param>
    public IEnumerable<StoreChange> ChangesSince(StoreView before) =>
    [
        .. Changed.Select(change => new RunChanged(
            before.Find(change.Key)?.Document,
            change.Value?.Document,
            Points.TryGetValue(change.Key, out List<MetricPoint>? points) ? points : [])),
    ];

    public void SetPaused(bool paused)
    {
        Require(scope.HasQueue, "pauses the queue");
        _view = _view with { Paused = paused };
    }

    public StoredRun? Find(string runId) => _view.Find(runId);

    public RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Key? after = null) => _view.List(filter, sort, limit, after);

    public RunCounts Counts() => _view.Counts();

    public QueuePage QueuePage(int offset = 0, int limit = int.MaxValue)
    {
        Require(scope.HasQueue, "reads the queue");
        return _view.QueuePage(offset, limit);
    }

    public int QueuedUpTo(QueueCursor place) => _view.QueuedUpTo(place);

    public int? QueuePositionOf(string runId) => _view.QueuePositionOf(runId);

    public StoredRun? NextWaiting(Lane lane)
    {
        Require(scope.HasQueue, "takes from the queue");
        return _view.NextWaiting(lane);
    }

    public (long Head, long Tail) QueueEnds()
    {
        Require(scope.HasQueue, "adds to the queue");
        return _view.QueueEnds();
    }

    public IReadOnlyDictionary<string, RunDocument> RunsOf(ExperimentKind kind, string experimentId)
    {
        Require(scope.HasExperiment(experimentId), $"reads the runs of {experimentId}");
        return _view.RunsOf(kind, experimentId);
    }

    public IReadOnlyDictionary<string, MetricSeries> ReadSeries(string runId, IReadOnlyCollection<string>? keys, int? attempt = null) =>
        series.ReadSeries(runId, keys, attempt);

    public bool HasName(string name) => _view.HasName(name);

    public IReadOnlyDictionary<string, int> ColorsOf(string method) => _view.ColorsOf(method);

    public StoredExperiment? FindExperiment(string experimentId) => _view.FindExperiment(experimentId);

    public IReadOnlyList<StoredExperiment> ListExperiments(ExperimentKind? kind = null) => _view.ListExperiments(kind);

    public void PutExperiment(StoredExperiment experiment)
    {
        Require(scope.HasExperiment(experiment.Id), $"writes {experiment.Id}");
        _view = _view with { Experiments = _view.Experiments.SetItem(experiment.Id, experiment) };
        ChangedExperiments[experiment.Id] = experiment;
        Emit(null, LiveEventTypes.ExperimentChanged, new ExperimentNotice(
            experiment.Kind, experiment.Id, experiment.Name, experiment.Ended));
    }

    public void RemoveExperiment(string experimentId)
    {
        Require(scope.HasExperiment(experimentId), $"removes {experimentId}");
        if (_view.FindExperiment(experimentId) is not { } experiment)
        {
            return;
        }

        _view = _view with { Experiments = _view.Experiments.Remove(experimentId) };
        ChangedExperiments[experimentId] = null;
        Emit(null, LiveEventTypes.ExperimentChanged, new ExperimentNotice(
            experiment.Kind, experiment.Id, experiment.Name, experiment.Ended, Deleted: true));
    }

    public void Put(StoredRun run)
    {
        StoredRun? old = Find(run.Document.Id);
        Require(scope.HasRun(run.Document.Id, old?.Document, run.Document), $"writes run {run.Document.Id}");
        string broken = string.Join(
            "; ", old is not null ? RunInvariants.Violations(old.Document, run.Document) : RunInvariants.Violations(run.Document));
        if (broken.Length > 0)
        {
            throw new InvalidOperationException($"Run {run.Document.Id} would break its invariants: {broken}.");
        }

        _view = _view with { Runs = _view.Runs.With(run) };
        Changed[run.Document.Id] = run;
    }

    public void Remove(string runId)
    {
        Require(scope.HasRun(runId, Find(runId)?.Document, null), $"removes run {runId}");
        _view = _view with { Runs = _view.Runs.Without(runId) };
        Changed[runId] = null;
        Points.Remove(runId);
    }

    public void AddPoints(string runId, IReadOnlyList<MetricPoint> points)
    {
        Require(scope.HasRun(runId, Find(runId)?.Document, null), $"adds points to run {runId}");
        if (points.Count == 0)
        {
            return;
        }

        if (!Points.TryGetValue(runId, out List<MetricPoint>? staged))
        {
            Points[runId] = staged = [];
        }

        staged.AddRange(points);
    }

    public void Emit<T>(string? runId, string type, T data)
    {
        JsonElement json = JsonSerializer.SerializeToElement(data, ContractJson.Options);
        _events.Add(seq => new LiveEvent(seq, runId, type, now, json));
    }

    public void EmitState(RunDocument document) =>
        Emit(document.Id, LiveEventTypes.RunState, document with { QueuePosition = QueuePositionOf(document.Id) });

    public void PutResponse(StoredResponse response)
    {
        Require(scope.HasQueue, "stores a response");
        Responses.Add(response);
    }

    public IReadOnlyList<LiveEvent> NumberEvents(long seq) => [.. _events.Select((make, i) => make(seq + i + 1))];

    private void Require(bool within, string what)
    {
        if (!within)
        {
            throw new InvalidOperationException($"A transaction with the scope of {scope} {what}.");
        }
    }
}
