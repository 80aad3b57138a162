using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>What was tried for a method, on which split, and what was chosen.</summary>
internal static class HyperParameterTable
{
    public const string Prefix = "hyper-parameters-";

    public static StudyTable Of(StudyEvidence evidence, StudyArm arm) => arm.Cells.Count > 0 ? Selected(evidence, arm) : Shown(evidence, arm);

    /// <summary>A grid on the selection split.</summary>
    private static StudyTable Selected(StudyEvidence evidence, StudyArm arm)
    {
        List<string> fields = Fields(arm.Cells.Select(cell => cell.Settings));
        string? chosen = arm.Selected is null ? null : StudyGroup.Key(arm.Selected);
        return new StudyTable
        {
            Id = Prefix + arm.Method,
            Caption = $"{arm.Label}: what was tried on the selection split (training sentences that are not trained on) of {evidence.Study.Plan.Dataset} with {evidence.Study.Plan.Model}, one run a cell, best first.",
            Columns = [.. fields, "Split", "Accuracy (%)", "Loss", "Chosen"],
            Rows =
            [
                .. arm.Cells.Select(cell => (IReadOnlyList<StudyTableCell>)
                [
                    .. Values(fields, cell.Settings),
                    new StudyTableCell(cell.Extension ? "selection (extension)" : "selection"),
                    cell.Accuracy is double accuracy ? new StudyTableCell(PaperNumbers.Percent(accuracy), accuracy * 100) : new StudyTableCell(""),
                    cell.Loss is double loss ? new StudyTableCell(PaperNumbers.Plain(loss, "0.0000"), loss) : new StudyTableCell(""),
                    StudyGroup.Key(cell.Settings) == chosen ? new StudyTableCell("chosen", Bold: true) : new StudyTableCell(""),
                ]),
            ],
            Notes =
            [
                Place(arm),
                .. arm.Cells.Where(cell => cell.Accuracy is null).Select(cell => $"{StudyGroup.Words(cell.Settings)}: {State(evidence, cell)}."),
            ],
        };
    }

    /// <summary>Cells on the reported split, from which nothing was chosen; or a method without a grid.</summary>
    private static StudyTable Shown(StudyEvidence evidence, StudyArm arm)
    {
        List<StudyGroup> groups = [.. evidence.Reported.Where(group => group.Arm == arm)];
        List<string> fields = Fields(groups.Select(group => group.Settings));
        bool grid = groups.Count > 1;
        List<string> settings = grid ? fields : ["Learning rate"];
        return new StudyTable
        {
            Id = Prefix + arm.Method,
            Caption = grid
                ? $"{arm.Label}: cells on the reported set of {evidence.Study.Plan.Dataset} with {evidence.Study.Plan.Model}; nothing was selected from them."
                : $"{arm.Label}: nothing was tried; the plan's own settings.",
            Columns = [.. settings, "Split", "n", "Accuracy (%)", "Loss"],
            Rows =
            [
                .. groups.Select(group => (IReadOnlyList<StudyTableCell>)
                [
                    .. grid ? Values(fields, group.Settings) : [Rate(group)],
                    new StudyTableCell("reported"),
                    new StudyTableCell(group.Counted.Count.ToString(CultureInfo.InvariantCulture), group.Counted.Count),
                    FinalColumn.All[0].Cell(group),
                    Loss(group),
                ]),
            ],
            Notes = [grid ? "Nothing was selected: these are the rows that are reported." : "No grid: there was nothing to choose.", .. groups.SelectMany(group => group.Notes)],
        };
    }

    private static StudyTableCell Rate(StudyGroup group) => group.Rates is not { } rates ? new StudyTableCell("")
        : rates.A == rates.B ? new StudyTableCell(PaperNumbers.Setting(rates.A), rates.A)
        : new StudyTableCell(rates.ToString());

    private static StudyTableCell Loss(StudyGroup group)
    {
        List<double> losses = [.. group.BySeed(run => run.Document!.Summary.EvalLoss?.Last).Values];
        return losses.Count == 0 ? new StudyTableCell("") : new StudyTableCell(PaperNumbers.Plain(SampleMoments.Mean(losses), "0.0000"), SampleMoments.Mean(losses));
    }

    private static IEnumerable<StudyTableCell> Values(List<string> fields, JsonObject settings) =>
        fields.Select(field => new StudyTableCell(settings[field] is { } value ? StudyGroup.Value(value) : ""));

    private static List<string> Fields(IEnumerable<JsonObject> settings) => [.. settings.SelectMany(cell => cell.Select(setting => setting.Key)).Distinct()];

    private static string Place(StudyArm arm) => arm switch
    {
        { Selected: null } => "Nothing is chosen yet.",
        { Position: GridPosition.Inside } => "The chosen cell lies inside the grid: smaller and larger rates were tried.",
        { Position: GridPosition.InsideAfterExtension } => "The chosen cell lay at the edge of the grid, which was extended beyond it; it now lies inside.",
        { Position: GridPosition.AtEdge } => "The chosen cell is at the edge of the grid: a better one may lie beyond.",
        _ => "The chosen cell's place in its grid is not known.",
    };

    private static string State(StudyEvidence evidence, StudyCell cell) =>
        evidence.Runs.FirstOrDefault(run => run.Id == cell.RunId) is { } run ? $"run {run.Id} {run.Missing()}" : $"run {cell.RunId} is not there";
}
