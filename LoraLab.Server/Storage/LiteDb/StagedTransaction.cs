using System.Collections.Immutable;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>Collects the writes of a transaction, so that an exception half-way leaves nothing behind.</summary>
internal sealed class StagedTransaction(ImmutableDictionary<string, StoredRun> runs, ImmutableDictionary<string, StoredPlan> plans, bool paused, TimeProvider time) : IStoreTransaction
{
    private readonly List<Func<long, LiveEvent>> events = [];
    private ImmutableDictionary<string, StoredRun> result = runs;
    private ImmutableDictionary<string, StoredPlan> resultingPlans = plans;
    private bool pausedChanged;

    public ImmutableDictionary<string, StoredRun> Result => result;

    /// <summary>Changed runs; null: removed.</summary>
    public Dictionary<string, StoredRun?> Changed { get; } = [];

    public ImmutableDictionary<string, StoredPlan> ResultingPlans => resultingPlans;

    public Dictionary<string, StoredPlan> ChangedPlans { get; } = [];

    public Dictionary<string, List<MetricPoint>> Points { get; } = [];

    public List<StoredAnswer> Answers { get; } = [];

    public bool IsEmpty => Changed.Count == 0 && ChangedPlans.Count == 0 && Points.Count == 0 && Answers.Count == 0 && events.Count == 0 && !pausedChanged;

    public IEnumerable<StoredRun> Runs => result.Values;

    public bool Paused
    {
        get => paused;
        set
        {
            pausedChanged |= paused != value;
            paused = value;
        }
    }

    public IEnumerable<StoredPlan> Plans => resultingPlans.Values;

    public StoredPlan? FindPlan(string planId) => resultingPlans.GetValueOrDefault(planId);

    public void PutPlan(StoredPlan plan)
    {
        resultingPlans = resultingPlans.SetItem(plan.Id, plan);
        ChangedPlans[plan.Id] = plan;
        Emit(null, LiveEventTypes.PlanChanged, new PlanNotice(plan.Kind, plan.Id, plan.Name, plan.Ended));
    }

    public StoredRun? Find(string runId) => result.GetValueOrDefault(runId);

    public void Put(StoredRun run)
    {
        string broken = string.Join("; ", Find(run.Document.Id) is { } before ? RunInvariants.Broken(before.Document, run.Document) : RunInvariants.Broken(run.Document));
        if (broken.Length > 0)
        {
            throw new InvalidOperationException($"Run {run.Document.Id} would break its invariants: {broken}.");
        }

        result = result.SetItem(run.Document.Id, run);
        Changed[run.Document.Id] = run;
    }

    public void Remove(string runId)
    {
        result = result.Remove(runId);
        Changed[runId] = null;
        Points.Remove(runId);
    }

    public void AddPoints(string runId, IReadOnlyList<MetricPoint> points)
    {
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
        DateTimeOffset at = time.GetUtcNow();
        events.Add(seq => new LiveEvent(seq, runId, type, at, json));
    }

    public void EmitState(RunDocument document) =>
        Emit(document.Id, LiveEventTypes.RunState, QueueOrder.WithPosition(document, Runs));

    public void PutAnswer(StoredAnswer answer) => Answers.Add(answer);

    public IReadOnlyList<LiveEvent> NumberEvents(long seq) => [.. events.Select((make, i) => make(seq + i + 1))];
}
