using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>The methods over their seeds, with the best means marked, and the means not significantly different from them.</summary>
internal static class FinalTable
{
    public const string Id = "final";
    private const double Alpha = 0.05;

    public static StudyTable Of(StudyEvidence evidence)
    {
        List<StudyGroup> groups = [.. evidence.Reported];
        List<StudyGroup> present = [.. groups.Where(group => group.Counted.Count > 0)];
        // Marking the best of several cells would amount to selection on the reported rows.
        bool marked = evidence.OneGroupPerMethod;
        List<string> notes = [.. MarkNotes(evidence, present, marked)];
        IReadOnlyList<FinalColumn> all = [.. FinalColumn.Of(evidence.Task)
            .Where(column => !column.IsOptional || present.Exists(group => group.BySeed(column.Read).Count > 0))];
        List<Dictionary<StudyGroup, StudyTableCell>> columns =
            [.. all.Select(column => Column(column, present, marked, notes))];
        return new StudyTable
        {
            Id = Id,
            Caption = Caption(evidence, present),
            Columns = ["Method", "n", .. all.Select(column => column.Title)],
            Rows =
            [
                .. groups.Select(group => (IReadOnlyList<StudyTableCell>)
                [
                    new StudyTableCell(group.Label),
                    new StudyTableCell(group.Counted.Count.ToString(CultureInfo.InvariantCulture), group.Counted.Count),
                    .. columns.Select(column => column.GetValueOrDefault(group) ?? new StudyTableCell("")),
                ]),
            ],
            Notes = [.. notes, .. MissingNotes(evidence, groups)],
        };
    }

    private static string Caption(StudyEvidence evidence, List<StudyGroup> present)
    {
        string subject = evidence.NothingSelected
            ? "Last evaluations on the reported split, without hyper-parameter selection"
            : "Each method with its selected hyper-parameters, evaluated on the reported split";
        return $"{subject}: {evidence.Study.Plan.Model} on {evidence.Study.Plan.Dataset}. Mean ± sample standard deviation over n seeds"
            + $"{(present.Any(group => group.Counted.Count == 1) ? " (value only for n = 1)" : "")}.";
    }

    private static Dictionary<StudyGroup, StudyTableCell> Column(
        FinalColumn column, List<StudyGroup> present, bool marked, List<string> notes)
    {
        Dictionary<StudyGroup, StudyTableCell> cells = present.ToDictionary(group => group, column.Cell);
        List<StudyGroup> known = [.. present.Where(group => cells[group].Value is not null)];
        if (!marked || known.Count < 2)
        {
            return cells;
        }

        if (column.DependsOnDevice && known.SelectMany(group => group.Counted).Select(run =>
            run.Environment?.DeviceName ?? run.Environment?.Device).Distinct().Count() > 1)
        {
            notes.Add($"{column.Title}: the runs used different devices, so no best value is marked.");
            return cells;
        }

        double best = column.Direction > 0 ? known.Max(group => cells[group].Value!.Value) : known.Min(group => cells[group].Value!.Value);
        string printed = PaperNumbers.Plain(best, column.Format);
        // If all methods have the same value, for example the number of parameters, none is best.
        if (!column.Tested && known.TrueForAll(group => PaperNumbers.Plain(cells[group].Value!.Value, column.Format) == printed))
        {
            return cells;
        }

        foreach (StudyGroup group in known.Where(group => PaperNumbers.Plain(cells[group].Value!.Value, column.Format) == printed))
        {
            cells[group] = cells[group] with { Bold = true };
        }

        if (column.Tested && !present.Exists(group => cells[group].Value is null))
        {
            Daggers(column, known, cells, notes);
        }

        return cells;
    }

    private static void Daggers(
        FinalColumn column, List<StudyGroup> groups, Dictionary<StudyGroup, StudyTableCell> cells, List<string> notes)
    {
        // The comparison is with the highest mean, so that columns in which less is better change their sign.
        int sign = column.Direction < 0 ? -1 : 1;
        ComparisonWithBest test = ComparisonWithBest.Of(groups, run => sign * column.Read(run));
        for (int i = 0; i < groups.Count; i++)
        {
            if (test.HolmP[i] is >= Alpha)
            {
                cells[groups[i]] = cells[groups[i]] with { Dagger = true };
            }
        }

        foreach (IGrouping<string, int> reason in Enumerable.Range(0, groups.Count).Where(i => test.Untested[i] is not null)
            .GroupBy(i => test.Untested[i]!))
        {
            notes.Add($"{column.Title}: not tested against the best mean and therefore without a dagger: "
                + $"{string.Join(", ", reason.Select(i => groups[i].Label))} ({reason.Key}).");
        }
    }

    private static IEnumerable<string> MarkNotes(StudyEvidence evidence, List<StudyGroup> present, bool marked)
    {
        if (!marked)
        {
            yield return "Several cells per method: no best value is marked, since that would be selection on the reported split.";
        }
        else if (present.Count > 1)
        {
            yield return "Bold: best mean of the column, as printed.";
            yield return "†: no significant difference from the best mean (paired t test over seeds, "
                + "Holm-adjusted p ≥ 0.05), which does not imply equality.";
        }

        foreach (StudyArm arm in evidence.Study.Arms.Where(arm => arm.Position == GridPosition.AtEdge))
        {
            yield return $"{arm.Label}: the selected cell lies at the edge of its grid; a better one may lie beyond.";
        }
    }

    private static IEnumerable<string> MissingNotes(StudyEvidence evidence, List<StudyGroup> groups)
    {
        foreach (string note in groups.SelectMany(group => group.Notes))
        {
            yield return note;
        }

        int seeds = evidence.Study.Plan.Seeds?.Count ?? 0;
        foreach (StudyArm arm in evidence.Study.Arms.Where(arm => groups.TrueForAll(group => group.Arm != arm)))
        {
            yield return $"{arm.Label}: no run on the reported split yet.";
        }

        foreach (StudyGroup group in groups.Where(group => group.Runs.Count < seeds))
        {
            yield return $"{group.Label}: {NumberFormat.Count(seeds - group.Runs.Count, "planned seed")} without a run.";
        }

        List<string> sources = [.. groups.SelectMany(group => group.Counted).Where(run => run.PeakMemoryMb is not null)
            .Select(run => run.Environment?.MemorySource).OfType<string>().Where(source => source.Length > 0).Distinct()];
        if (sources.Count > 0)
        {
            yield return $"Peak memory over the training steps, measured as {string.Join(" or ", sources)}; "
                + "training time excludes evaluations and checkpoints.";
        }
    }
}
