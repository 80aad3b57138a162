using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>What all reported runs have in common; where they differ, a field says so.</summary>
internal static class ProtocolTable
{
    public const string Id = "protocol";

    private static readonly (string Field, string Title)[] s_fields =
    [
        ("model", "Model"),
        ("dataset", "Data set"),
        ("trainSamples", "Training sentences"),
        ("epochs", "Epochs"),
        ("maxSteps", "Optimizer steps at most"),
        ("scheduleSteps", "Horizon of the schedule"),
        ("effectiveBatch", "Sentences a step"),
        ("schedule", "Schedule"),
        ("warmupSteps", "Warm-up steps"),
        ("weightDecay", "Weight decay"),
        ("maxGradNorm", "Gradient norm clipped to"),
        ("rank", "Rank"),
        ("alpha", "Alpha"),
        ("dropout", "Dropout"),
        ("targetModules", "Layers with an adapter"),
        ("prompt", "Prompt"),
        ("lossScope", "Targets"),
        ("lossWeighting", "Weights of the loss"),
        ("evalEvery", "Steps between evaluations"),
        ("evalSamples", "Evaluation rows"),
        ("evalSplit", "Evaluation split"),
        ("precision", "Precision of the base weights"),
    ];

    public static StudyTable Of(StudyEvidence evidence)
    {
        List<(EvidenceRun Run, Dictionary<string, JsonNode?> Fields)> runs =
            [.. evidence.Runs.Where(run => run is { Run.Stage: StudyStage.Reported, Document: not null }).Select(run => (run, SpecDifferences.Flatten(run.Document!.Spec)))];
        return new StudyTable
        {
            Id = Id,
            Caption = "The shared protocol of the runs on the reported set.",
            Columns = ["Setting", "Value"],
            Rows = runs.Count == 0
                ? []
                : [.. s_fields.Select(field => (IReadOnlyList<StudyTableCell>)[new StudyTableCell(field.Title), new StudyTableCell(Value(evidence, runs, field.Field))])],
            Notes = runs.Count == 0 ? ["No run on the reported set yet."] : [Seeds(evidence)],
        };
    }

    /// <summary>The value of all, or that of each method where they are not the same.</summary>
    private static string Value(StudyEvidence evidence, List<(EvidenceRun Run, Dictionary<string, JsonNode?> Fields)> runs, string field)
    {
        List<string> all = [.. runs.Select(run => Text(run.Fields.GetValueOrDefault(field))).Distinct()];
        return all.Count == 1 ? all[0] : string.Join("; ", evidence.Study.Arms
            .Select(arm => (arm.Label, Values: runs.Where(run => run.Run.Run.Method == arm.Method).Select(run => Text(run.Fields.GetValueOrDefault(field))).Distinct().ToList()))
            .Where(arm => arm.Values.Count > 0)
            .Select(arm => $"{arm.Label}: {string.Join(" or ", arm.Values)}"));
    }

    private static string Seeds(StudyEvidence evidence) =>
        $"Seeds: {string.Join(", ", (evidence.Study.Plan.Seeds ?? []).Select(seed => seed.ToString(CultureInfo.InvariantCulture)))}. Run k of every method has seed and orderSeed k, so that runs pair by k.";

    private static string Text(JsonNode? value) => value switch
    {
        null => "none",
        JsonArray array => string.Join(", ", array.Select(StudyGroup.Value)),
        _ => StudyGroup.Value(value),
    };
}
