using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Sweeps.Analysis;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>What can be done to sweeps from outside.</summary>
internal sealed class SweepService(IRunStore store, SweepPlanner planner, SweepForecast forecast, ExperimentService plans, Idempotency once, RunIds ids, Lanes lanes, TimeProvider time)
{
    public async Task<SweepPreview> PreviewAsync(SweepPlan plan, CancellationToken cancellationToken)
    {
        PreparedSweep prepared = await planner.PrepareAsync(plan, cancellationToken);
        string name = NameOf(prepared);
        ExperimentService.RequireName(store, ExperimentKind.Sweep, name);
        return forecast.Of(prepared with { Plan = prepared.Plan with { Name = name } });
    }

    public async Task<SweepDocument> CreateAsync(SweepPlan plan, CancellationToken cancellationToken) =>
        Show(await CreateAsync(plan, null, cancellationToken));

    /// <summary>Creates once for each key: the same key and body again give the stored answer, another body is refused.</summary>
    public Task<(string Id, string Body, bool Replayed)> CreateOnceAsync(string key, JsonObject body, SweepPlan plan, CancellationToken cancellationToken)
    {
        ExperimentResponse answer = new(key, Idempotency.HashOf("sweep", body.ToJsonString()), (stored, runs) => JsonSerializer.Serialize(SweepDocuments.Of(stored, runs, lanes.All.Count), ContractJson.Options));
        return once.CreateAsync(key, answer.BodyHash, () => CreateAsync(plan, answer, cancellationToken), cancellationToken);
    }

    public SweepList List() => new([.. store.ListExperiments(ExperimentKind.Sweep).Select(plan => Show(plan, withTrials: false))]);

    public SweepDocument Get(string id) => Show(Find(id));

    public SweepRuns Runs(string id)
    {
        StoredExperiment plan = Find(id);
        return new SweepRuns([.. Trial.Of(plan.Read<StoredSweep>(), RunsOf(plan)).Select(trial => trial.Run).OfType<RunDocument>().Select(store.WithQueuePosition)]);
    }

    public SweepImportance Importance(string id)
    {
        StoredExperiment plan = Find(id);
        StoredSweep record = plan.Read<StoredSweep>();
        SearchSpace space = SearchSpaceReader.Again(record.Plan, record.Constants);
        IReadOnlyList<(Trial Trial, double Value)> finished = SweepDocuments.Finished(record, Trial.Of(record, RunsOf(plan)));
        int missing = FieldImportances.Needed - finished.Count;
        return new SweepImportance
        {
            Objective = record.Plan.Objective,
            Runs = finished.Count,
            RequiredRuns = FieldImportances.Needed,
            Note = missing > 0
                ? $"Importance needs {FieldImportances.Needed} finished runs; {missing} more {(missing == 1 ? "is" : "are")} missing."
                : $"Share of the variance of {record.Plan.Objective} over {finished.Count} finished runs that lies between groups of a field's values (ε², corrected for chance). What fields do only together is in none of them, and runs that were stopped early are not counted.",
            Fields = missing > 0 ? [] : FieldImportances.Of(space, [.. finished.Select(run => space.PointOf(run.Trial.Stored.Values)!)], [.. finished.Select(run => run.Value)]),
        };
    }

    public SweepGrid Grid(string id, string? x, string? y)
    {
        StoredExperiment plan = Find(id);
        StoredSweep record = plan.Read<StoredSweep>();
        return SweepGrids.Of(record, Trial.Of(record, RunsOf(plan)), x, y);
    }

    /// <summary>Renames and annotates.</summary>
    public SweepDocument Edit(string id, ExperimentPatch patch)
    {
        Find(id);
        ApiFailure.ThrowIfAny([.. SweepRules.Texts(patch.Name, patch.Notes)]);
        plans.Describe(id, patch.Name?.Trim(), plan =>
        {
            StoredSweep record = plan.Read<StoredSweep>();
            return plan.With(record with { Plan = record.Plan with { Name = plan.Name, Notes = patch.Notes ?? record.Plan.Notes } });
        });
        return Get(id);
    }

    public Task<SweepDocument> PauseAsync(string id, CancellationToken cancellationToken) =>
        MoveAsync(id, SweepState.Paused, "paused", cancellationToken, SweepState.Running, SweepState.Paused);

    public Task<SweepDocument> ResumeAsync(string id, CancellationToken cancellationToken) =>
        MoveAsync(id, SweepState.Running, "resumed", cancellationToken, SweepState.Paused, SweepState.Running);

    public Task<SweepDocument> CancelAsync(string id, CancellationToken cancellationToken) =>
        MoveAsync(id, SweepState.Cancelled, "cancelled", cancellationToken, SweepState.Running, SweepState.Paused, SweepState.Cancelled);

    private async Task<SweepDocument> MoveAsync(string id, SweepState to, string what, CancellationToken cancellationToken, params SweepState[] from)
    {
        Find(id);
        return Show(await plans.ChangeAsync(
            id,
            (plan, now) =>
            {
                StoredSweep record = plan.Read<StoredSweep>();
                return !from.Contains(record.State)
                    ? throw ApiFailure.Conflict("sweepEnded", $"Sweep {id} is {record.State.ToString().ToLowerInvariant()} and cannot be {what}.")
                    : record.State == to ? plan : plan.With(record with { State = to, EndedAt = to == SweepState.Cancelled ? now : null });
            },
            cancellationToken));
    }

    private async Task<StoredExperiment> CreateAsync(SweepPlan plan, ExperimentResponse? answer, CancellationToken cancellationToken)
    {
        PreparedSweep prepared = await planner.PrepareAsync(plan, cancellationToken);
        SweepPlanner.RequireConfirmed(prepared);
        string name = NameOf(prepared);
        StoredSweep record = new()
        {
            Plan = prepared.Plan with { Name = name },
            Warnings = prepared.Warnings,
            Constants = prepared.Space.Constants,
            TotalSteps = prepared.TotalSteps,
            EvalEvery = prepared.First.EvalEvery,
            Rungs = prepared.Rungs,
            PlannedRuns = prepared.Runs,
            Trials = prepared.Plan.Sampler == SweepSampler.Tpe ? [] : [.. prepared.Points.Select(point => new StoredTrial(prepared.Space.Values(point)))],
        };
        StoredExperiment stored = new()
        {
            Id = ids.Next(),
            Kind = ExperimentKind.Sweep,
            Name = name,
            CreatedAt = time.GetUtcNow(),
            Content = JsonSerializer.SerializeToElement(record, ContractJson.Options),
        };
        return await plans.CreateAsync(stored, answer, cancellationToken);
    }

    private string NameOf(PreparedSweep prepared) => string.IsNullOrWhiteSpace(prepared.Plan.Name)
        ? RunNames.Unique(
            $"{string.Join(" × ", prepared.Space.Dimensions.Take(3).Select(dimension => dimension.Field))}, {prepared.Plan.Sampler.ToString().ToLowerInvariant()} of {prepared.Runs}",
            name => store.ListExperiments(ExperimentKind.Sweep).Any(plan => plan.Name == name))
        : prepared.Plan.Name.Trim();

    private IReadOnlyDictionary<string, RunDocument> RunsOf(StoredExperiment plan) => store.RunsOf(plan.Kind, plan.Id);

    private SweepDocument Show(StoredExperiment plan) => Show(plan, withTrials: true);

    private SweepDocument Show(StoredExperiment plan, bool withTrials) => SweepDocuments.Of(plan, store, lanes.All.Count, withTrials);

    private StoredExperiment Find(string id) => store.FindExperiment(id) is { Kind: ExperimentKind.Sweep } plan ? plan : throw ApiFailure.NotFound("sweepNotFound", $"There is no sweep '{ApiFailure.Shorten(id)}'.");
}
