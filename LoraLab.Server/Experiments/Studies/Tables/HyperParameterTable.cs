using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>The hyper-parameter values tried for a method, the split, and the selected cell.</summary>
internal static class HyperParameterTable
{
    public const string Prefix = "hyper-parameters-";

    public static StudyTable Of(StudyEvidence evidence, StudyArm arm) =>
        arm.Cells.Count > 0 ? Selected(evidence, arm) : Unselected(evidence, arm);

    /// <summary>A grid on the selection split.</summary>
    private static StudyTable Selected(StudyEvidence evidence, StudyArm arm)
    {
        List<string> fields = Fields(arm.Cells.Select(cell => cell.Settings));
        string? selected = arm.Selected is null ? null : StudyGroup.Key(arm.Selected);
        return new StudyTable
        {
            Id = Prefix + arm.Method,
            Caption = $"{arm.Label}: hyper-parameter search on the selection split (training sentences not used for training) of "
                + $"{evidence.Study.Plan.Dataset} with {evidence.Study.Plan.Model}, one run per cell, best first.",
            Columns = [.. fields, "Split", .. Headings(evidence), "Selected"],
            Rows =
            [
                .. arm.Cells.Select(cell => (IReadOnlyList<StudyTableCell>)
                [
                    .. Values(fields, cell.Settings),
                    new StudyTableCell(cell.Extension ? "selection (extension)" : "selection"),
                    .. Results(evidence, cell),
                    StudyGroup.Key(cell.Settings) == selected ? new StudyTableCell("selected", Bold: true) : new StudyTableCell(""),
                ]),
            ],
            Notes =
            [
                PositionNote(arm),
                .. arm.Cells.Where(cell => cell.Result is null)
                    .Select(cell => $"{StudyGroup.Describe(cell.Settings)}: {State(evidence, cell)}."),
            ],
        };
    }

    /// <summary>Cells on the reported split without selection, or a method without a grid.</summary>
    private static StudyTable Unselected(StudyEvidence evidence, StudyArm arm)
    {
        List<StudyGroup> groups = [.. evidence.Reported.Where(group => group.Arm == arm)];
        List<string> fields = Fields(groups.Select(group => group.Settings));
        bool grid = groups.Count > 1;
        List<string> settings = grid ? fields : ["Learning rate"];
        return new StudyTable
        {
            Id = Prefix + arm.Method,
            Caption = grid
                ? $"{arm.Label}: cells on the reported split of {evidence.Study.Plan.Dataset} with "
                    + $"{evidence.Study.Plan.Model}, without selection."
                : $"{arm.Label}: fixed hyper-parameters of the plan, without a search.",
            Columns = [.. settings, "Split", "n", .. Headings(evidence)],
            Rows =
            [
                .. groups.Select(group => (IReadOnlyList<StudyTableCell>)
                [
                    .. grid ? Values(fields, group.Settings) : [Rate(group)],
                    new StudyTableCell("reported"),
                    new StudyTableCell(group.Counted.Count.ToString(CultureInfo.InvariantCulture), group.Counted.Count),
                    FinalColumn.Of(evidence.Metric).Cell(group),
                    .. MeasuresLoss(evidence) ? [] : (StudyTableCell[])[Loss(group)],
                ]),
            ],
            Notes =
            [
                grid ? "No selection was performed: these runs are reported." : "No grid: there was nothing to select.",
                .. groups.SelectMany(group => group.Notes),
            ],
        };
    }

    /// <summary>Whether the metric of the task is the loss, which then has no column of its own.</summary>
    private static bool MeasuresLoss(StudyEvidence evidence) => evidence.Metric.Key == MetricKeys.EvalLoss;

    private static IEnumerable<string> Headings(StudyEvidence evidence) =>
        MeasuresLoss(evidence) ? [evidence.Metric.Heading] : [evidence.Metric.Heading, "Loss"];

    private static IEnumerable<StudyTableCell> Results(StudyEvidence evidence, StudyCell cell)
    {
        MetricDescriptor metric = evidence.Metric;
        yield return cell.Result is double result
            ? new StudyTableCell(PaperNumbers.Plain(metric.Number(result), metric.MeanFormat), metric.Number(result))
            : new StudyTableCell("");
        if (!MeasuresLoss(evidence))
        {
            yield return cell.Loss is double loss
                ? new StudyTableCell(PaperNumbers.Plain(loss, "0.0000"), loss)
                : new StudyTableCell("");
        }
    }

    private static StudyTableCell Rate(StudyGroup group) => group.Rates is not { } rates ? new StudyTableCell("")
        : rates.A == rates.B ? new StudyTableCell(NumberFormat.Setting(rates.A), rates.A)
        : new StudyTableCell(rates.ToString());

    private static StudyTableCell Loss(StudyGroup group)
    {
        List<double> losses = [.. group.BySeed(run => run.Document!.Summary[MetricKeys.EvalLoss]?.Last).Values];
        return losses.Count == 0
            ? new StudyTableCell("")
            : new StudyTableCell(PaperNumbers.Plain(SampleMoments.Mean(losses), "0.0000"), SampleMoments.Mean(losses));
    }

    private static IEnumerable<StudyTableCell> Values(List<string> fields, JsonObject settings) =>
        fields.Select(field => new StudyTableCell(settings[field] is { } value ? SettingFormat.Format(value) : ""));

    private static List<string> Fields(IEnumerable<JsonObject> settings) =>
        [.. settings.SelectMany(cell => cell.Select(setting => setting.Key)).Distinct()];

    private static string PositionNote(StudyArm arm) => arm switch
    {
        { Selected: null } => "No cell is selected yet.",
        { Position: GridPosition.Inside } => "The selected cell lies inside the grid: smaller and larger learning rates were tried.",
        { Position: GridPosition.InsideAfterExtension } =>
            "The selected cell lay at the edge of the grid, which was extended beyond it; it now lies inside.",
        { Position: GridPosition.AtEdge } => "The selected cell lies at the edge of the grid: a better one may lie beyond.",
        _ => "The grid has no learning rate with several values, so the position of the selected cell is not assessed.",
    };

    private static string State(StudyEvidence evidence, StudyCell cell) =>
        evidence.Runs.FirstOrDefault(run => run.Id == cell.RunId) is { } run
            ? $"run {run.Id} {run.ExclusionReason()}"
            : $"run {cell.RunId} does not exist";
}
