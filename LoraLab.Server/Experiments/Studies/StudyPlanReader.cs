using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Experiments.Studies.Templates;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>Makes a whole plan of what was sent: takes from the template what was left out, proposes a profile, and refuses what cannot be.</summary>
internal sealed class StudyPlanReader(TrainerInspector inspector, IRunStore store)
{
    private const string Sample = "sample";

    public async Task<StoredStudy> ReadAsync(JsonObject body, CancellationToken cancellationToken)
    {
        StudyPlan sent = RequestBody.Convert<StudyPlan>(body);
        IReadOnlyList<MethodDescriptor> methods = await inspector.MethodsAsync(cancellationToken);
        List<FieldError> errors = [.. StudyPlanRules.CheckNames(sent)];
        Refuse(errors);

        string model = sent.Model ?? Sample;
        string dataset = sent.Dataset ?? Sample;
        List<string> warnings = [];
        ScaleProfile profile = await ProfileAsync(sent, model, cancellationToken);
        StudyPlan plan = Complete(sent, profile) with { Model = model, Dataset = dataset, Profile = profile.Id };
        plan = await FitDataAsync(sent, plan, warnings, cancellationToken);
        errors.AddRange(StudyPlanRules.Check(plan, [.. methods.Select(method => method.Id)]));
        Refuse(errors);

        plan = plan with { Name = plan.Name?.Trim() ?? NameFor(plan) };
        return new StoredStudy
        {
            Plan = plan,
            Arms = [.. plan.Methods!.Select(arm => methods.First(method => method.Id == arm.Method)).Select(method => new StoredArm { Method = method.Id, Label = method.Name, Color = method.Color })],
            Warnings = warnings,
        };
    }

    private static void Refuse(List<FieldError> errors)
    {
        ApiFailure.ThrowIfAny(errors);
    }

    private static StudyPlan Complete(StudyPlan sent, ScaleProfile profile)
    {
        StudyPlan template = sent.Template is { } id ? StudyTemplates.Find(id)!.Make(sent.Size!, profile) : new StudyPlan();
        JsonObject spec = (JsonObject?)template.Spec?.DeepClone() ?? [];
        foreach ((string field, JsonNode? value) in sent.Spec ?? [])
        {
            spec[field] = value?.DeepClone();
        }

        return sent with
        {
            Seeds = sent.Seeds ?? template.Seeds,
            Spec = spec,
            Selection = sent.Selection ?? template.Selection ?? StudySelection.SelectionSplit,
            Methods = sent.Methods ?? template.Methods,
        };
    }

    private async Task<ScaleProfile> ProfileAsync(StudyPlan sent, string model, CancellationToken cancellationToken)
    {
        if (sent.Profile is { } named)
        {
            return ScaleProfile.All.First(profile => profile.Id == named);
        }

        IReadOnlyList<ModelEntry> models = (await inspector.RequestAsync(new InspectRequest { Kind = "models" }, cancellationToken)).Models ?? [];
        return ScaleProfile.Propose(models.FirstOrDefault(entry => entry.Name == model)?.HiddenSize ?? 0);
    }

    /// <summary>
    /// The paper's 20,000 sentences are more than a small data set has: half of it then, so that there is something to select on that no run has
    /// trained on. What the sender says is left as it is.
    /// </summary>
    private async Task<StudyPlan> FitDataAsync(StudyPlan sent, StudyPlan plan, List<string> warnings, CancellationToken cancellationToken)
    {
        const string Field = "trainSamples";
        if (sent.Template is null || sent.Spec?.ContainsKey(Field) == true || plan.Spec![Field] is not JsonValue wanted || !wanted.TryGetValue(out int samples))
        {
            return plan;
        }

        IReadOnlyList<DatasetEntry> datasets = (await inspector.RequestAsync(new InspectRequest { Kind = "datasets" }, cancellationToken)).Datasets ?? [];
        int rows = datasets.FirstOrDefault(entry => entry.Name == plan.Dataset)?.TrainRows ?? 0;
        if (rows == 0 || samples <= rows / 2)
        {
            return plan;
        }

        JsonObject spec = (JsonObject)plan.Spec.DeepClone();
        spec[Field] = Math.Max(1, rows / 2);
        warnings.Add($"{plan.Dataset} has {rows} training sentences: {Math.Max(1, rows / 2)} are trained on where the template has {samples}, so that the rest is there to select on.");
        return plan with { Spec = spec };
    }

    private string NameFor(StudyPlan plan) => RunNames.Unique(
        plan.Template is null ? $"study of {plan.Model}" : $"{plan.Template} {plan.Size} {plan.Model}",
        name => store.ListExperiments(Contracts.Live.ExperimentKind.Study).Any(other => other.Name == name));
}
