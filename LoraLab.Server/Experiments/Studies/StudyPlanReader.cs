using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Studies.Fair;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Experiments.Studies.Templates;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>Completes a submitted plan with its template's values and a scale profile, and validates it.</summary>
internal sealed class StudyPlanReader(TrainerInspector inspector, FairArms fair, IRunStore store)
{
    private const string Sample = "sample";
    private const string SentenceColumn = "sentence";

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
        StudyPlan plan = Complete(submitted, profile, methods) with { Model = model, Dataset = dataset, Profile = profile.Id };
        plan = StudyPresets.Apply(plan, methods, errors);
        plan = await FitDataAsync(submitted, plan, warnings, cancellationToken);
        errors.AddRange(StudyPlanRules.Check(
            plan,
            [.. methods.SelectMany(method => method.Presets.Select(known => known.Id).Prepend(method.Id))],
            SpecFieldCatalog.Default));
        Refuse(errors);

        plan = plan with { Name = plan.Name?.Trim() ?? NameFor(plan) };
        if (plan.Template is { } id && StudyTemplates.Find(id)!.IsFairComparison)
        {
            plan = await fair.ExpandAsync(plan, methods, warnings, cancellationToken);
            Refuse([.. StudyPlanRules.Check(plan, [.. methods.Select(method => method.Id)], SpecFieldCatalog.Default)]);
        }

        return new StoredStudy
        {
            Plan = plan,
            Arms = [.. plan.Methods!.Select(arm => Arm(plan, arm, methods.First(method => method.Id == arm.Method)))],
            Warnings = warnings,
        };
    }

    /// <summary>The arm of a method, with its rank or its name in the plan if the method has several.</summary>
    private static StoredArm Arm(StudyPlan plan, StudyMethod arm, MethodDescriptor method)
    {
        MethodPreset? preset = StudyPresets.Of(arm, method);
        string name = preset?.Name ?? method.Name;
        bool several = plan.Methods!.Count(other => other.Method == arm.Method && StudyPresets.Of(other, method) == preset) > 1;
        string variant = arm.Parts is not null && arm.Spec?["rank"] is { } rank ? $"rank {rank}" : arm.Key;
        return new StoredArm
        {
            Method = arm.Key,
            Label = several ? $"{name} ({variant})" : name,
            Color = method.Color,
        };
    }

    private static void Refuse(List<FieldError> errors)
    {
        ApiFailure.ThrowIfAny(errors);
    }

    private static StudyPlan Complete(StudyPlan submitted, ScaleProfile profile, IReadOnlyList<MethodDescriptor> methods)
    {
        StudyPlan template =
            submitted.Template is { } id ? StudyTemplates.Find(id)!.Make(submitted.Size!, profile, methods) : new StudyPlan();
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
    /// Fits what the template says about data to a dataset for which it was not made: half of a smaller dataset's rows, so that rows
    /// remain for the selection split, and the dataset's own prompt where the template's has other columns. What the submitted plan says
    /// is kept.
    /// </summary>
    private async Task<StudyPlan> FitDataAsync(
        StudyPlan submitted, StudyPlan plan, List<string> warnings, CancellationToken cancellationToken)
    {
        if (submitted.Template is null)
        {
            return plan;
        }

        IReadOnlyList<DatasetEntry> datasets =
            (await inspector.RequestAsync(new InspectRequest { Kind = "datasets" }, cancellationToken)).Datasets ?? [];
        if (datasets.FirstOrDefault(entry => entry.Name == plan.Dataset) is not DatasetEntry dataset)
        {
            return plan;
        }

        JsonObject spec = (JsonObject)plan.Spec!.DeepClone();
        FitRows(submitted, spec, dataset, warnings);
        FitPrompt(submitted, spec, dataset, warnings);
        return plan with { Spec = spec };
    }

    private static void FitRows(StudyPlan submitted, JsonObject spec, DatasetEntry dataset, List<string> warnings)
    {
        const string Field = "trainSamples";
        int half = Math.Max(1, dataset.TrainRows / 2);
        if (submitted.Spec?.ContainsKey(Field) == true || spec[Field] is not JsonValue requested
            || !requested.TryGetValue(out int samples) || dataset.TrainRows == 0 || samples <= dataset.TrainRows / 2)
        {
            return;
        }

        spec[Field] = half;
        string rows = NumberFormat.Count(dataset.TrainRows, $"training {TaskDescriptors.Of(dataset.Task).RowName}");
        warnings.Add($"{dataset.Name} has {rows}, too few for the "
            + $"template: runs train on {half} instead of {samples}, which leaves rows for the selection split.");
    }

    private static void FitPrompt(StudyPlan submitted, JsonObject spec, DatasetEntry dataset, List<string> warnings)
    {
        const string Field = "prompt";
        if (submitted.Spec?.ContainsKey(Field) == true || spec[Field] is null || dataset.Columns is [] or [SentenceColumn])
        {
            return;
        }

        warnings.Add($"The template's prompt {spec[Field]} is made for a column {SentenceColumn}, which {dataset.Name} does not have: runs "
            + "use the dataset's own prompt.");
        spec[Field] = null;
    }

    private string NameFor(StudyPlan plan) => RunNames.Unique(
        plan.Template is null ? $"study of {plan.Model}" : $"{plan.Template} {plan.Size} {plan.Model}",
        name => store.ListExperiments(Contracts.Live.ExperimentKind.Study).Any(other => other.Name == name));
}
