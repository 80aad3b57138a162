using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>The operations of the study API.</summary>
internal sealed class StudyService(
    IRunStore store,
    StudyPlanReader reader,
    ExperimentService experiments,
    ExperimentDeletion deletion,
    ExperimentRunCheck check,
    Idempotency idempotency,
    RunIds ids,
    TimeProvider time)
{
    /// <summary>Maximum number of runs that a study may have without <c>confirm=true</c>.</summary>
    public const int MaxUnconfirmedRuns = 500;

    public IReadOnlyList<StudyDocument> List() =>
        [.. store.ListExperiments(ExperimentKind.Study).Select(StudyView.Brief)];

    public StudyDocument Get(string id) => StudyView.Of(Find(id), store);

    public async Task<StudyPreview> PreviewAsync(JsonObject body, bool confirm, CancellationToken cancellationToken)
    {
        StoredStudy study = await reader.ReadAsync(body, cancellationToken);
        (long selection, long reported) = Count(study.Plan, confirm);
        ExperimentService.RequireUniqueName(store, ExperimentKind.Study, study.Plan.Name!);
        IReadOnlyList<(AdmittedRun Run, long Count)> samples = await CheckSampleRunsAsync(study, cancellationToken);
        (double? hours, string basis) = StudyForecast.Estimate(store, samples);
        return new StudyPreview
        {
            Plan = study.Plan,
            SelectionRuns = (int)selection,
            ReportedRuns = (int)reported,
            DeviceHours = hours,
            Basis = basis,
            Warnings = [.. study.Warnings, .. samples.SelectMany(sample => sample.Run.Valid.Warnings).Distinct()],
        };
    }

    public async Task<StudyDocument> CreateAsync(JsonObject body, bool confirm, CancellationToken cancellationToken)
    {
        StoredExperiment experiment = await CreateAsync(body, confirm, response: null, cancellationToken);
        return StudyView.Of(experiment, store);
    }

    /// <summary>Creates a study once per key: the same key and body return the stored response, another body is rejected.</summary>
    public Task<(string Id, string Body, bool Replayed)> CreateOnceAsync(
        string key, JsonObject body, bool confirm, CancellationToken cancellationToken)
    {
        ExperimentResponse response = new(key, Idempotency.HashOf("study", body.ToJsonString()), (experiment, runs) =>
            JsonSerializer.Serialize(StudyView.Of(experiment, runs), ApiJson.Options));
        return idempotency.CreateAsync(
            key, response.BodyHash, () => CreateAsync(body, confirm, response, cancellationToken), cancellationToken);
    }

    /// <summary>Changes name and notes; the rest of the plan stays.</summary>
    public StudyDocument Edit(string id, ExperimentPatch patch)
    {
        Find(id);
        ApiFailure.ThrowIfAny([.. StudyPlanRules.Texts(patch.Name, patch.Notes)]);
        experiments.UpdateDescription(id, patch.Name?.Trim(), experiment =>
        {
            StoredStudy study = experiment.Read<StoredStudy>();
            return experiment.With(
                study with { Plan = study.Plan with { Name = experiment.Name, Notes = patch.Notes ?? study.Plan.Notes } });
        });
        return Get(id);
    }

    /// <summary>Cancels queued runs and requests running ones to stop; completed runs remain.</summary>
    public async Task<StudyDocument> CancelAsync(string id, CancellationToken cancellationToken)
    {
        StoredExperiment experiment = Find(id);
        if (experiment.Read<StoredStudy>() is { State: not StudyState.Running and not StudyState.Cancelled } ended)
        {
            throw ApiFailure.Conflict(
                "studyEnded", $"Study {id} has already ended ({ended.State.ToString().ToLowerInvariant()}) and cannot be cancelled.");
        }

        await experiments.ChangeAsync(id, static (experiment, _) =>
            experiment.With(experiment.Read<StoredStudy>() with { Cancelled = true, State = StudyState.Cancelled }), cancellationToken);
        return Get(id);
    }

    /// <summary>Deletes the study, which must have ended; its runs stay, or are deleted as well.</summary>
    public void Delete(string id, bool withRuns) => deletion.Delete(Find(id), withRuns);

    private StoredExperiment Find(string id) => store.FindExperiment(id) is { Kind: ExperimentKind.Study } experiment
        ? experiment
        : throw ApiFailure.NotFound("studyNotFound", $"There is no study '{ApiFailure.Shorten(id)}'.");

    private async Task<StoredExperiment> CreateAsync(
        JsonObject body, bool confirm, ExperimentResponse? response, CancellationToken cancellationToken)
    {
        StoredStudy study = await reader.ReadAsync(body, cancellationToken);
        Count(study.Plan, confirm);
        ExperimentService.RequireUniqueName(store, ExperimentKind.Study, study.Plan.Name!);
        await CheckSampleRunsAsync(study, cancellationToken);
        StoredExperiment experiment = new()
        {
            Id = ids.Next(),
            Kind = ExperimentKind.Study,
            Name = study.Plan.Name!,
            CreatedAt = time.GetUtcNow(),
            Content = JsonSerializer.SerializeToElement(study, ContractJson.Options),
        };
        return await experiments.CreateAsync(experiment, response, cancellationToken);
    }

    private static (long Selection, long Reported) Count(StudyPlan plan, bool confirm)
    {
        decimal selection = plan.Methods!.Where(method => StudySteps.HasSelection(plan, method))
            .Sum(method => (decimal)StudyGrid.Count(method));
        decimal reported =
            plan.Seeds!.Count * plan.Methods!.Sum(method => plan.Selection == StudySelection.None ? (decimal)StudyGrid.Count(method) : 1);
        decimal runs = selection + reported;
        if (runs > MaxUnconfirmedRuns && !confirm)
        {
            throw ApiFailure.Unprocessable(
                "tooManyRuns",
                $"The study has {runs} runs, more than {MaxUnconfirmedRuns}; reduce its grids or seeds, or submit it with confirm=true.");
        }

        return runs <= int.MaxValue
            ? ((long)selection, (long)reported)
            : throw ApiFailure.Unprocessable("tooManyRuns", $"The study has {runs} runs, more than a queue can hold; reduce its grids.");
    }

    /// <summary>
    /// Checks one run per method and stage, including later stages: a run that would be rejected in the middle of the study is rejected
    /// now.
    /// </summary>
    private async Task<IReadOnlyList<(AdmittedRun Run, long Count)>> CheckSampleRunsAsync(
        StoredStudy study, CancellationToken cancellationToken)
    {
        List<(RequiredRun Run, long Count)> samples = [];
        foreach (StudyMethod method in study.Plan.Methods!)
        {
            long cells = StudyGrid.Count(method);
            RequiredRun first = new()
            {
                Stage = StudyStage.Reported,
                Method = method.Key,
                Settings = StudyGrid.First(method),
                Seed = study.Plan.Seeds![0],
            };
            samples.Add((first, study.Plan.Seeds!.Count * (study.Plan.Selection == StudySelection.None ? cells : 1)));
            if (StudySteps.HasSelection(study.Plan, method))
            {
                samples.Add((first with { Stage = StudyStage.Selection, Seed = StudySteps.SelectionSeed(study.Plan) }, cells));
            }
        }

        IReadOnlyDictionary<string, AdmittedRun> admitted = await check.CheckAsync(
            new StoredExperiment { Id = "", Kind = ExperimentKind.Study, Name = "", Content = default },
            [.. samples.Select(sample => new RequestedRun(sample.Run.Key, sample.Run.Label, StudyRunSpec.Of(study.Plan, sample.Run)))],
            cancellationToken);
        return [.. samples.Select(sample => (admitted[sample.Run.Key], sample.Count))];
    }
}
