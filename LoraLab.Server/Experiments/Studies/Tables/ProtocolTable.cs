using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>The shared protocol of the reported runs, with the values per method where they differ.</summary>
internal static class ProtocolTable
{
    public const string Id = "protocol";

    public static StudyTable Of(StudyEvidence evidence)
    {
        List<(EvidenceRun Run, Dictionary<string, JsonNode?> Fields)> runs =
            [.. evidence.Runs.Where(run => run is { Run.Stage: StudyStage.Reported, Document: not null })
                .Select(run => (run, SpecDifferences.Flatten(run.Document!.Spec)))];
        return new StudyTable
        {
            Id = Id,
            Caption = "Shared protocol of the runs on the reported split.",
            Columns = ["Setting", "Value"],
            Rows = runs.Count == 0
                ? []
                : [.. Fields(runs).Select(field => (IReadOnlyList<StudyTableCell>)
                [
                    new StudyTableCell(field.Attribute.ProtocolTitle!),
                    new StudyTableCell(Value(evidence, runs, field.Name)),
                ])],
            Notes = runs.Count == 0 ? ["No run on the reported split yet."] : [Seeds(evidence)],
        };
    }

    /// <summary>The fields with a title in the protocol, by group.</summary>
    private static IEnumerable<SpecFieldDescriptor> Fields(List<(EvidenceRun Run, Dictionary<string, JsonNode?> Fields)> runs) =>
        SpecFieldCatalog.Of(runs[0].Run.Document!.Spec).Fields
            .Where(field => field.Attribute.ProtocolTitle is not null
                && (!field.Attribute.ProtocolIfSet || runs.Any(run => !field.IsDefault(run.Fields.GetValueOrDefault(field.Name)))))
            .OrderBy(field => field.Group);

    /// <summary>The common value, or the value per method where they differ.</summary>
    private static string Value(StudyEvidence evidence, List<(EvidenceRun Run, Dictionary<string, JsonNode?> Fields)> runs, string field)
    {
        List<string> all = [.. runs.Select(run => Text(run.Fields.GetValueOrDefault(field))).Distinct()];
        return all.Count == 1 ? all[0] : string.Join("; ", evidence.Study.Arms
            .Select(arm => (arm.Label, Values: runs.Where(run => run.Run.Run.Method == arm.Method)
                .Select(run => Text(run.Fields.GetValueOrDefault(field))).Distinct().ToList()))
            .Where(arm => arm.Values.Count > 0)
            .Select(arm => $"{arm.Label}: {string.Join(" or ", arm.Values)}"));
    }

    private static string Seeds(StudyEvidence evidence) =>
        $"Seeds: {string.Join(", ", (evidence.Study.Plan.Seeds ?? []).Select(seed => seed.ToString(CultureInfo.InvariantCulture)))}. "
            + "For seed k, every method has seed = orderSeed = k, so that runs are paired by seed.";

    private static string Text(JsonNode? value) => value switch
    {
        JsonArray list => string.Join(", ", list.Select(SettingFormat.Format)),
        JsonObject members => SettingFormat.FormatAll(members),
        _ => SettingFormat.Format(value),
    };
}
