using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>What can be done to studies from outside.</summary>
internal sealed class StudyService(IRunStore store, StudyPlanReader reader, ExperimentService plans, ExperimentRunCheck check, Idempotency once, RunIds ids, TimeProvider time)
{
    /// <summary>A study of more runs is created only by somebody who says that it is meant.</summary>
    public const int MostWithoutConfirm = 500;

    public IReadOnlyList<StudyDocument> List() =>
        [.. store.ListExperiments(ExperimentKind.Study).Select(StudyView.Brief)];

    public StudyDocument Get(string id) => StudyView.Of(Find(id), store);

    public async Task<StudyPreview> DryRunAsync(JsonObject body, bool confirm, CancellationToken cancellationToken)
    {
        StoredStudy study = await reader.ReadAsync(body, cancellationToken);
        (long selection, long reported) = Count(study.Plan, confirm);
        ExperimentService.RequireName(store, ExperimentKind.Study, study.Plan.Name!);
        IReadOnlyList<(AdmittedRun Run, long Count)> kinds = await CheckKindsAsync(study, cancellationToken);
        (double? hours, string basis) = StudyForecast.Of(store, kinds);
        return new StudyPreview
        {
            Plan = study.Plan,
            SelectionRuns = (int)selection,
            ReportedRuns = (int)reported,
            DeviceHours = hours,
            Basis = basis,
            Warnings = [.. study.Warnings, .. kinds.SelectMany(kind => kind.Run.Valid.Warnings).Distinct()],
        };
    }

    public async Task<StudyDocument> CreateAsync(JsonObject body, bool confirm, CancellationToken cancellationToken)
    {
        StoredExperiment plan = await CreateAsync(body, confirm, answer: null, cancellationToken);
        return StudyView.Of(plan, store);
    }

    /// <summary>Creates once for each key: the same key and body again give the stored answer, another body is refused.</summary>
    public Task<(string Id, string Body, bool Replayed)> CreateOnceAsync(string key, JsonObject body, bool confirm, CancellationToken cancellationToken)
    {
        ExperimentResponse answer = new(key, Idempotency.HashOf("study", body.ToJsonString()), (plan, runs) => JsonSerializer.Serialize(StudyView.Of(plan, runs), ContractJson.Options));
        return once.CreateAsync(key, answer.BodyHash, () => CreateAsync(body, confirm, answer, cancellationToken), cancellationToken);
    }

    /// <summary>Renames and annotates; the plan that was run stays.</summary>
    public StudyDocument Edit(string id, ExperimentPatch patch)
    {
        Find(id);
        ApiFailure.ThrowIfAny([.. StudyPlanRules.Texts(patch.Name, patch.Notes)]);
        plans.Describe(id, patch.Name?.Trim(), plan =>
        {
            StoredStudy study = plan.Read<StoredStudy>();
            return plan.With(study with { Plan = study.Plan with { Name = plan.Name, Notes = patch.Notes ?? study.Plan.Notes } });
        });
        return Get(id);
    }

    /// <summary>Waiting runs are cancelled, running ones are asked to stop; what has finished stays.</summary>
    public async Task<StudyDocument> CancelAsync(string id, CancellationToken cancellationToken)
    {
        StoredExperiment plan = Find(id);
        if (plan.Read<StoredStudy>() is { State: not StudyState.Running and not StudyState.Cancelled } ended)
        {
            throw ApiFailure.Conflict("studyEnded", $"Study {id} has already ended ({ended.State.ToString().ToLowerInvariant()}).");
        }

        await plans.ChangeAsync(id, static (plan, _) => plan.With(plan.Read<StoredStudy>() with { Cancelled = true, State = StudyState.Cancelled }), cancellationToken);
        return Get(id);
    }

    private StoredExperiment Find(string id) => store.FindExperiment(id) is { Kind: ExperimentKind.Study } plan
        ? plan
        : throw ApiFailure.NotFound("studyNotFound", $"There is no study '{ApiFailure.Shorten(id)}'.");

    private async Task<StoredExperiment> CreateAsync(JsonObject body, bool confirm, ExperimentResponse? answer, CancellationToken cancellationToken)
    {
        StoredStudy study = await reader.ReadAsync(body, cancellationToken);
        Count(study.Plan, confirm);
        ExperimentService.RequireName(store, ExperimentKind.Study, study.Plan.Name!);
        await CheckKindsAsync(study, cancellationToken);
        StoredExperiment plan = new()
        {
            Id = ids.Next(),
            Kind = ExperimentKind.Study,
            Name = study.Plan.Name!,
            CreatedAt = time.GetUtcNow(),
            Content = JsonSerializer.SerializeToElement(study, ContractJson.Options),
        };
        return await plans.CreateAsync(plan, answer, cancellationToken);
    }

    private static (long Selection, long Reported) Count(StudyPlan plan, bool confirm)
    {
        decimal selection = plan.Methods!.Where(method => StudySteps.Selects(plan, method)).Sum(method => (decimal)StudyGrid.Count(method));
        decimal reported = plan.Seeds!.Count * plan.Methods!.Sum(method => plan.Selection == StudySelection.None ? (decimal)StudyGrid.Count(method) : 1);
        decimal runs = selection + reported;
        if (runs > MostWithoutConfirm && !confirm)
        {
            throw ApiFailure.Unprocessable("tooManyRuns", $"The study has {runs} runs, more than {MostWithoutConfirm}; make its grids or its list of seeds smaller, or send it with confirm=true.");
        }

        return runs <= int.MaxValue ? ((long)selection, (long)reported) : throw ApiFailure.Unprocessable("tooManyRuns", $"The study has {runs} runs, more than any queue takes; make its grids smaller.");
    }

    /// <summary>One run of each method and stage, the later ones too: what would be refused in the middle of the study is refused now.</summary>
    private async Task<IReadOnlyList<(AdmittedRun Run, long Count)>> CheckKindsAsync(StoredStudy study, CancellationToken cancellationToken)
    {
        List<(RequiredRun Run, long Count)> kinds = [];
        foreach (StudyMethod method in study.Plan.Methods!)
        {
            long cells = StudyGrid.Count(method);
            RequiredRun first = new() { Stage = StudyStage.Reported, Method = method.Method, Settings = StudyGrid.First(method), Seed = study.Plan.Seeds![0] };
            kinds.Add((first, study.Plan.Seeds!.Count * (study.Plan.Selection == StudySelection.None ? cells : 1)));
            if (StudySteps.Selects(study.Plan, method))
            {
                kinds.Add((first with { Stage = StudyStage.Selection, Seed = StudySteps.SelectionSeed(study.Plan) }, cells));
            }
        }

        IReadOnlyDictionary<string, AdmittedRun> admitted = await check.CheckAsync(
            ExperimentKind.Study, "", [.. kinds.Select(kind => new RequestedRun(kind.Run.Key, kind.Run.Label, StudyRunSpec.Of(study.Plan, kind.Run)))], cancellationToken);
        return [.. kinds.Select(kind => (admitted[kind.Run.Key], kind.Count))];
    }
}
