using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>
/// Collects the writes of a transaction, so that an exception midway has no effect, and refuses those outside its scope. A store brings the
/// reads, which see the writes that were collected before them.
/// </summary>
/// <param name="scope">The documents that it reads and writes.</param>
/// <param name="now">Time of the transaction.</param>
internal abstract class StagedTransaction(StoreScope scope, DateTimeOffset now) : IStoreTransaction
{
    private readonly List<Func<long, LiveEvent>> _events = [];
    private readonly Dictionary<string, StoredRun?> _before = [];

    // No other transaction changes what this one has read.
    private readonly Dictionary<string, StoredRun> _found = [];

    public DateTimeOffset Now => now;

    /// <summary>Changed runs; null: removed.</summary>
    public Dictionary<string, StoredRun?> Changed { get; } = [];

    /// <summary>Changed studies and sweeps; null: removed.</summary>
    public Dictionary<string, StoredExperiment?> ChangedExperiments { get; } = [];

    public Dictionary<string, List<MetricPoint>> Points { get; } = [];

    public List<StoredResponse> Responses { get; } = [];

    /// <summary>Whether the queue is paused or continued by it; null: neither.</summary>
    public bool? NewPaused { get; private set; }

    /// <summary>Whether it emits the state of a run, so more than points and progress.</summary>
    public bool EmitsState { get; private set; }

    /// <summary>Number of emitted events.</summary>
    public int Events => _events.Count;

    public bool IsEmpty => Changed.Count == 0 && ChangedExperiments.Count == 0 && Points.Count == 0 && Responses.Count == 0
        && _events.Count == 0 && NewPaused is null;

    /// <summary>The changes of runs, published after the commit.</summary>
    public IReadOnlyList<StoreChange> Changes =>
    [
        .. Changed.Select(change => new RunChanged(
            _before.GetValueOrDefault(change.Key)?.Document,
            change.Value?.Document,
            Points.TryGetValue(change.Key, out List<MetricPoint>? points) ? points : [])),
    ];

    public bool Paused => NewPaused ?? Reader.Paused;

    /// <summary>Reads what is stored, with the writes collected so far.</summary>
    protected abstract IStoreReader Reader { get; }

    /// <summary>A run before the transaction; null: it was not there, or was not changed.</summary>
    public StoredRun? Before(string runId) => _before.GetValueOrDefault(runId);

    public void SetPaused(bool paused)
    {
        Require(scope.HasQueue, "pauses the queue");
        NewPaused = paused == Reader.Paused ? null : paused;
    }

    public StoredRun? Find(string runId) =>
        Changed.TryGetValue(runId, out StoredRun? changed) ? changed : _found.GetValueOrDefault(runId) ?? Read(runId);

    public RunPage List(RunFilter filter, RunSort sort, int limit, RunSort.Key? after = null) => Reader.List(filter, sort, limit, after);

    public RunCounts Counts() => Reader.Counts();

    public QueuePage QueuePage(int offset = 0, int limit = int.MaxValue)
    {
        Require(scope.HasQueue, "reads the queue");
        QueuePage page = Reader.QueuePage(offset, limit) with { Paused = Paused };
        return limit < int.MaxValue ? page : page with
        {
            Running = [.. page.Running.Select(Keep)],
            Waiting = [.. page.Waiting.Select(Keep)],
        };
    }

    public int QueuedUpTo(QueueCursor place) => Reader.QueuedUpTo(place);

    public int? QueuePositionOf(string runId) => Reader.QueuePositionOf(runId);

    public StoredRun? NextWaiting(Lane lane) => Reader.NextWaiting(lane);

    public StoredRun? TakeNext(Lane lane)
    {
        Require(scope.HasClaim, "takes from the queue");
        return Take(lane) is { } next ? Keep(next) : null;
    }

    public (long Head, long Tail) QueueEnds()
    {
        Require(scope.HasQueue, "adds to the queue");
        return Reader.QueueEnds();
    }

    public IReadOnlyDictionary<string, RunDocument> RunsOf(ExperimentKind kind, string experimentId)
    {
        Require(scope.HasExperiment(experimentId), $"reads the runs of {experimentId}");
        return Reader.RunsOf(kind, experimentId);
    }

    public abstract IReadOnlyDictionary<string, MetricSeries> ReadSeries(
        string runId, IReadOnlyCollection<string>? keys, int? attempt = null);

    public bool HasName(string name) => Reader.HasName(name);

    public IReadOnlyDictionary<string, int> ColorsOf(string method) => Reader.ColorsOf(method);

    public StoredExperiment? FindExperiment(string experimentId) => Reader.FindExperiment(experimentId);

    public IReadOnlyList<StoredExperiment> ListExperiments(ExperimentKind? kind = null) => Reader.ListExperiments(kind);

    public void PutExperiment(StoredExperiment experiment)
    {
        Require(scope.HasExperiment(experiment.Id), $"writes {experiment.Id}");
        ChangedExperiments[experiment.Id] = experiment;
        OnExperimentChanged(experiment.Id, experiment);
        Emit(null, LiveEventTypes.ExperimentChanged, new ExperimentNotice(
            experiment.Kind, experiment.Id, experiment.Name, experiment.Ended));
    }

    public void RemoveExperiment(string experimentId)
    {
        Require(scope.HasExperiment(experimentId), $"removes {experimentId}");
        if (Reader.FindExperiment(experimentId) is not { } experiment)
        {
            return;
        }

        ChangedExperiments[experimentId] = null;
        OnExperimentChanged(experimentId, null);
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

        Change(run.Document.Id, old, run);
    }

    public void Remove(string runId)
    {
        StoredRun? old = Find(runId);
        Require(scope.HasRun(runId, old?.Document, null), $"removes run {runId}");
        Change(runId, old, null);
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

    public void EmitState(RunDocument document)
    {
        EmitsState = true;
        Emit(document.Id, LiveEventTypes.RunState, Reader.WithQueuePosition(document with { QueuePosition = null }));
    }

    public void PutResponse(StoredResponse response)
    {
        Require(scope.HasQueue, "stores a response");
        Responses.Add(response);
    }

    /// <summary>The events with numbers from <paramref name="seq"/> + 1 on.</summary>
    public IReadOnlyList<LiveEvent> NumberEvents(long seq) => [.. _events.Select((make, i) => make(seq + i + 1))];

    /// <summary>The next run for a lane; null: there is none, or the queue is paused.</summary>
    protected virtual StoredRun? Take(Lane lane) => Paused ? null : Reader.NextWaiting(lane);

    /// <summary>Called with each change of a run, so that later reads see it; null: removed.</summary>
    protected abstract void OnChanged(string runId, StoredRun? run);

    /// <summary>Called with each change of a study or sweep, so that later reads see it; null: removed.</summary>
    protected abstract void OnExperimentChanged(string experimentId, StoredExperiment? experiment);

    private StoredRun? Read(string runId) => Reader.Find(runId) is { } found ? Keep(found) : null;

    /// <summary>A run as this transaction read it first: what did not change is the same object.</summary>
    private StoredRun Keep(StoredRun read)
    {
        string id = read.Document.Id;
        return Changed.GetValueOrDefault(id) ?? (_found.TryAdd(id, read) ? read : _found[id]);
    }

    private void Change(string runId, StoredRun? old, StoredRun? run)
    {
        _before.TryAdd(runId, old);
        Changed[runId] = run;
        OnChanged(runId, run);
    }

    private void Require(bool within, string what)
    {
        if (!within)
        {
            throw new InvalidOperationException($"A transaction with the scope of {scope} {what}.");
        }
    }
}
