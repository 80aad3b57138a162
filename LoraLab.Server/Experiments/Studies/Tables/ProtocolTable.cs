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
    private const string NotUsed = "not used";

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
                : [.. Fields(evidence, runs).Select(field => (IReadOnlyList<StudyTableCell>)
                [
                    new StudyTableCell(field.Attribute.ProtocolTitle!),
                    new StudyTableCell(Value(evidence, runs, field.Name)),
                ])],
            Notes = runs.Count == 0 ? ["No run on the reported split yet."] : [Seeds(evidence)],
        };
    }

    /// <summary>The fields with a title in the protocol that mean something to a method of the study, by group.</summary>
    private static IEnumerable<SpecFieldDescriptor> Fields(
        StudyEvidence evidence, List<(EvidenceRun Run, Dictionary<string, JsonNode?> Fields)> runs) =>
        SpecFieldCatalog.Of(runs[0].Run.Document!.Spec).Fields
            .Where(field => field.Attribute.ProtocolTitle is not null
                && runs.Any(run => evidence.Uses(run.Run.Document!.Spec, field.Name))
                && (!field.Attribute.ProtocolIfSet || runs.Any(run => !field.IsDefault(run.Fields.GetValueOrDefault(field.Name)))))
            .OrderBy(field => field.Group);

    /// <summary>
    /// The common value, or the value per method where they differ. A method to which the field means nothing has no value, whatever its
    /// specification holds.
    /// </summary>
    private static string Value(StudyEvidence evidence, List<(EvidenceRun Run, Dictionary<string, JsonNode?> Fields)> runs, string field)
    {
        List<(string Label, List<string> Values)> arms =
        [
            .. evidence.Study.Arms.Select(arm => (arm.Label, Values: runs
                .Where(run => run.Run.Run.Method == arm.Method)
                .Select(run => evidence.Uses(run.Run.Document!.Spec, field) ? Text(run.Fields.GetValueOrDefault(field)) : NotUsed)
                .Distinct().ToList())).Where(arm => arm.Values.Count > 0),
        ];
        List<string> all = [.. arms.SelectMany(arm => arm.Values).Where(value => value != NotUsed).Distinct()];
        List<string> without = [.. arms.Where(arm => arm.Values is [NotUsed]).Select(arm => arm.Label)];
        return all.Count > 1 ? string.Join("; ", arms.Select(arm => $"{arm.Label}: {string.Join(" or ", arm.Values)}"))
            : without.Count == 0 ? all[0]
            : $"{all[0]}; {NotUsed}: {string.Join(", ", without)}";
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
