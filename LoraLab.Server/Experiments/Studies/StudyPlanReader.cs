using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Experiments.Studies.Templates;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>Completes a submitted plan with its template's values and a scale profile, and validates it.</summary>
internal sealed class StudyPlanReader(TrainerInspector inspector, IRunStore store)
{
    private const string Sample = "sample";

    public async Task<StoredStudy> ReadAsync(JsonObject body, CancellationToken cancellationToken)
    {
        StudyPlan submitted = RequestBody.Convert<StudyPlan>(body);
        IReadOnlyList<MethodDescriptor> methods = await inspector.MethodsAsync(cancellationToken);
        List<FieldError> errors = [.. StudyPlanRules.CheckNames(submitted)];
        Refuse(errors);

        string model = submitted.Model ?? Sample;
        string dataset = submitted.Dataset ?? Sample;
        List<string> warnings = [];
        ScaleProfile profile = await ProfileAsync(submitted, model, cancellationToken);
        StudyPlan plan = Complete(submitted, profile) with { Model = model, Dataset = dataset, Profile = profile.Id };
        plan = await FitDataAsync(submitted, plan, warnings, cancellationToken);
        errors.AddRange(StudyPlanRules.Check(plan, [.. methods.Select(method => method.Id)], SpecFieldCatalog.Default));
        Refuse(errors);

        plan = plan with { Name = plan.Name?.Trim() ?? NameFor(plan) };
        return new StoredStudy
        {
            Plan = plan,
            Arms = [.. plan.Methods!.Select(arm => methods.First(method => method.Id == arm.Method))
                .Select(method => new StoredArm { Method = method.Id, Label = method.Name, Color = method.Color })],
            Warnings = warnings,
        };
    }

    private static void Refuse(List<FieldError> errors)
    {
        ApiFailure.ThrowIfAny(errors);
    }

    private static StudyPlan Complete(StudyPlan submitted, ScaleProfile profile)
    {
        StudyPlan template = submitted.Template is { } id ? StudyTemplates.Find(id)!.Make(submitted.Size!, profile) : new StudyPlan();
        JsonObject spec = (JsonObject?)template.Spec?.DeepClone() ?? [];
        foreach ((string field, JsonNode? value) in submitted.Spec ?? [])
        {
            spec[field] = value?.DeepClone();
        }

        return submitted with
        {
            Seeds = submitted.Seeds ?? template.Seeds,
            Spec = spec,
            Selection = submitted.Selection ?? template.Selection ?? StudySelection.SelectionSplit,
            Methods = submitted.Methods ?? template.Methods,
        };
    }

    private async Task<ScaleProfile> ProfileAsync(StudyPlan submitted, string model, CancellationToken cancellationToken)
    {
        if (submitted.Profile is { } named)
        {
            return ScaleProfile.All.First(profile => profile.Id == named);
        }

        IReadOnlyList<ModelEntry> models = (await inspector.RequestAsync(new InspectRequest { Kind = "models" }, cancellationToken)).Models
            ?? [];
        return ScaleProfile.Propose(models.FirstOrDefault(entry => entry.Name == model)?.HiddenSize ?? 0);
    }

    /// <summary>
    /// Reduces the template's number of training sentences to half of a smaller dataset, so that rows remain for the selection split. A
    /// number in the submitted plan is kept.
    /// </summary>
    private async Task<StudyPlan> FitDataAsync(
        StudyPlan submitted, StudyPlan plan, List<string> warnings, CancellationToken cancellationToken)
    {
        const string Field = "trainSamples";
        if (submitted.Template is null || submitted.Spec?.ContainsKey(Field) == true || plan.Spec![Field] is not JsonValue requested
            || !requested.TryGetValue(out int samples))
        {
            return plan;
        }

        IReadOnlyList<DatasetEntry> datasets =
            (await inspector.RequestAsync(new InspectRequest { Kind = "datasets" }, cancellationToken)).Datasets ?? [];
        int rows = datasets.FirstOrDefault(entry => entry.Name == plan.Dataset)?.TrainRows ?? 0;
        if (rows == 0 || samples <= rows / 2)
        {
            return plan;
        }

        JsonObject spec = (JsonObject)plan.Spec.DeepClone();
        spec[Field] = Math.Max(1, rows / 2);
        warnings.Add($"{plan.Dataset} has {rows} training sentences, too few for the template: runs train on {Math.Max(1, rows / 2)} "
            + $"instead of {samples}, which leaves rows for the selection split.");
        return plan with { Spec = spec };
    }

    private string NameFor(StudyPlan plan) => RunNames.Unique(
        plan.Template is null ? $"study of {plan.Model}" : $"{plan.Template} {plan.Size} {plan.Model}",
        name => store.ListExperiments(Contracts.Live.ExperimentKind.Study).Any(other => other.Name == name));
}
