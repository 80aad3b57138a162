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
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>The operations of the sweep API.</summary>
internal sealed class SweepService(
    IRunStore store,
    SweepPlanner planner,
    SweepForecast forecast,
    ExperimentService experiments,
    ExperimentDeletion deletion,
    Idempotency idempotency,
    RunIds ids,
    Lanes lanes,
    TimeProvider time)
{
    public async Task<SweepPreview> PreviewAsync(SweepPlan plan, CancellationToken cancellationToken)
    {
        PreparedSweep prepared = await planner.PrepareAsync(plan, cancellationToken);
        string name = NameOf(prepared);
        ExperimentService.RequireUniqueName(store, ExperimentKind.Sweep, name);
        return forecast.Of(prepared with { Plan = prepared.Plan with { Name = name } });
    }

    public async Task<SweepDocument> CreateAsync(SweepPlan plan, CancellationToken cancellationToken) =>
        Show(await CreateAsync(plan, null, cancellationToken));

    /// <summary>Creates a sweep once per key: the same key and body return the stored response, another body is rejected.</summary>
    public Task<(string Id, string Body, bool Replayed)> CreateOnceAsync(
        string key, JsonObject body, SweepPlan plan, CancellationToken cancellationToken)
    {
        ExperimentResponse response = new(key, Idempotency.HashOf("sweep", body.ToJsonString()), (stored, runs) =>
            JsonSerializer.Serialize(SweepDocuments.Of(stored, runs, lanes.Everywhere.Count), ApiJson.Options));
        return idempotency.CreateAsync(key, response.BodyHash, () => CreateAsync(plan, response, cancellationToken), cancellationToken);
    }

    public SweepList List() =>
        new([.. store.ListExperiments(ExperimentKind.Sweep).Select(experiment => Show(experiment, withTrials: false))]);

    public SweepDocument Get(string id) => Show(Find(id));

    public SweepRuns Runs(string id)
    {
        StoredExperiment experiment = Find(id);
        return new SweepRuns(
            [.. Trial.Of(experiment.Read<StoredSweep>(), RunsOf(experiment)).Select(trial => trial.Run).OfType<RunDocument>()
                .Select(store.WithQueuePosition)]);
    }

    public SweepImportance Importance(string id)
    {
        StoredExperiment experiment = Find(id);
        StoredSweep sweep = experiment.Read<StoredSweep>();
        SearchSpace space = SearchSpaceReader.Rebuild(sweep.Plan, sweep.Constants);
        IReadOnlyList<(Trial Trial, double Value)> finished = SweepDocuments.Finished(sweep, Trial.Of(sweep, RunsOf(experiment)));
        int missing = FieldImportances.Needed - finished.Count;
        return new SweepImportance
        {
            Objective = sweep.Plan.Objective,
            Runs = finished.Count,
            RequiredRuns = FieldImportances.Needed,
            Note = missing > 0
                ? $"Hyper-parameter importance requires {FieldImportances.Needed} completed runs; {missing} more "
                    + $"{(missing == 1 ? "is" : "are")} needed."
                : $"Share of the variance of {sweep.Plan.Objective} over {finished.Count} completed runs explained by a field (ε², "
                    + "corrected for chance). Interactions between fields are not included, nor are runs that were stopped early.",
            Fields = missing > 0
                ? []
                : FieldImportances.Of(
                    space, [.. finished.Select(run => space.PointOf(run.Trial.Stored.Values)!)], [.. finished.Select(run => run.Value)]),
        };
    }

    public SweepGrid Grid(string id, string? x, string? y)
    {
        StoredExperiment experiment = Find(id);
        StoredSweep sweep = experiment.Read<StoredSweep>();
        return SweepGrids.Of(sweep, Trial.Of(sweep, RunsOf(experiment)), x, y);
    }

    /// <summary>Changes name and notes.</summary>
    public SweepDocument Edit(string id, ExperimentPatch patch)
    {
        Find(id);
        ApiFailure.ThrowIfAny([.. SweepRules.Texts(patch.Name, patch.Notes)]);
        experiments.UpdateDescription(id, patch.Name?.Trim(), experiment =>
        {
            StoredSweep sweep = experiment.Read<StoredSweep>();
            return experiment.With(
                sweep with { Plan = sweep.Plan with { Name = experiment.Name, Notes = patch.Notes ?? sweep.Plan.Notes } });
        });
        return Get(id);
    }

    public Task<SweepDocument> PauseAsync(string id, CancellationToken cancellationToken) =>
        TransitionAsync(id, SweepState.Paused, "paused", cancellationToken, SweepState.Running, SweepState.Paused);

    public Task<SweepDocument> ResumeAsync(string id, CancellationToken cancellationToken) =>
        TransitionAsync(id, SweepState.Running, "resumed", cancellationToken, SweepState.Paused, SweepState.Running);

    public Task<SweepDocument> CancelAsync(string id, CancellationToken cancellationToken) =>
        TransitionAsync(
            id, SweepState.Cancelled, "cancelled", cancellationToken, SweepState.Running, SweepState.Paused, SweepState.Cancelled);

    private async Task<SweepDocument> TransitionAsync(
        string id, SweepState to, string verb, CancellationToken cancellationToken, params SweepState[] from)
    {
        Find(id);
        return Show(await experiments.ChangeAsync(
            id,
            (experiment, now) =>
            {
                StoredSweep sweep = experiment.Read<StoredSweep>();
                return !from.Contains(sweep.State)
                    ? throw ApiFailure.Conflict(
                        "sweepEnded", $"Sweep {id} is {sweep.State.ToString().ToLowerInvariant()} and cannot be {verb}.")
                    : sweep.State == to ? experiment
                    : experiment.With(sweep with { State = to, EndedAt = to == SweepState.Cancelled ? now : null });
            },
            cancellationToken));
    }

    private async Task<StoredExperiment> CreateAsync(SweepPlan plan, ExperimentResponse? response, CancellationToken cancellationToken)
    {
        PreparedSweep prepared = await planner.PrepareAsync(plan, cancellationToken);
        SweepPlanner.RequireConfirmed(prepared);
        string name = NameOf(prepared);
        StoredSweep sweep = new()
        {
            Plan = prepared.Plan with { Name = name },
            Warnings = prepared.Warnings,
            Constants = prepared.Space.Constants,
            TotalSteps = prepared.TotalSteps,
            EvalEvery = prepared.First.EvalEvery,
            Rungs = prepared.Rungs,
            PlannedRuns = prepared.Runs,
            Trials = prepared.Plan.Sampler == SweepSampler.Tpe
                ? []
                : [.. prepared.Points.Select(point => new StoredTrial(prepared.Space.Values(point)))],
        };
        StoredExperiment stored = new()
        {
            Id = ids.Next(),
            Kind = ExperimentKind.Sweep,
            Name = name,
            CreatedAt = time.GetUtcNow(),
            Content = JsonSerializer.SerializeToElement(sweep, ContractJson.Options),
        };
        return await experiments.CreateAsync(stored, response, cancellationToken);
    }

    private string NameOf(PreparedSweep prepared) => string.IsNullOrWhiteSpace(prepared.Plan.Name)
        ? RunNames.Unique(
            $"{string.Join(" × ", prepared.Space.Dimensions.Take(3).Select(dimension => dimension.Field))}, "
                + $"{prepared.Plan.Sampler.ToString().ToLowerInvariant()} of {prepared.Runs}",
            name => store.ListExperiments(ExperimentKind.Sweep).Any(experiment => experiment.Name == name))
        : prepared.Plan.Name.Trim();

    private IReadOnlyDictionary<string, RunDocument> RunsOf(StoredExperiment experiment) => store.RunsOf(experiment.Kind, experiment.Id);

    private SweepDocument Show(StoredExperiment experiment) => Show(experiment, withTrials: true);

    private SweepDocument Show(StoredExperiment experiment, bool withTrials) =>
        SweepDocuments.Of(experiment, store, lanes.Everywhere.Count, withTrials);

    /// <summary>Deletes the sweep, which must have ended; its runs stay, or are deleted as well.</summary>
    public void Delete(string id, bool withRuns) => deletion.Delete(Find(id), withRuns);

    private StoredExperiment Find(string id) => store.FindExperiment(id) is { Kind: ExperimentKind.Sweep } experiment
        ? experiment
        : throw ApiFailure.NotFound("sweepNotFound", $"There is no sweep '{ApiFailure.Shorten(id)}'.");
}
