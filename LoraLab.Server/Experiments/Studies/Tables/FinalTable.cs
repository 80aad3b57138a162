using System.Globalization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>The methods over their seeds, with what is best and what is not shown to differ from it.</summary>
internal static class FinalTable
{
    public const string Id = "final";
    private const double Alpha = 0.05;

    public static StudyTable Of(StudyEvidence evidence)
    {
        List<StudyGroup> groups = [.. evidence.Reported];
        List<StudyGroup> present = [.. groups.Where(group => group.Counted.Count > 0)];
        // The best of several cells on the rows that are reported would have been chosen on them.
        bool marked = evidence.OneGroupPerMethod;
        List<string> notes = [.. Marks(evidence, present, marked)];
        List<Dictionary<StudyGroup, StudyTableCell>> columns = [.. FinalColumn.All.Select(column => Column(column, present, marked, notes))];
        return new StudyTable
        {
            Id = Id,
            Caption = Caption(evidence, present),
            Columns = ["Method", "n", .. FinalColumn.All.Select(column => column.Title)],
            Rows =
            [
                .. groups.Select(group => (IReadOnlyList<StudyTableCell>)
                [
                    new StudyTableCell(group.Label),
                    new StudyTableCell(group.Counted.Count.ToString(CultureInfo.InvariantCulture), group.Counted.Count),
                    .. columns.Select(column => column.GetValueOrDefault(group) ?? new StudyTableCell("")),
                ]),
            ],
            Notes = [.. notes, .. Gaps(evidence, groups)],
        };
    }

    private static string Caption(StudyEvidence evidence, List<StudyGroup> present)
    {
        string what = evidence.NothingSelected ? "Curves' last evaluations on the reported set; nothing was selected from them" : "Each method at its selected cell, evaluated on the reported set";
        return $"{what}: {evidence.Study.Plan.Model} on {evidence.Study.Plan.Dataset}. Mean ± sample standard deviation over n seeds{(present.Any(group => group.Counted.Count == 1) ? " (one seed: the value alone)" : "")}.";
    }

    private static Dictionary<StudyGroup, StudyTableCell> Column(FinalColumn column, List<StudyGroup> present, bool marked, List<string> notes)
    {
        Dictionary<StudyGroup, StudyTableCell> cells = present.ToDictionary(group => group, column.Cell);
        List<StudyGroup> known = [.. present.Where(group => cells[group].Value is not null)];
        if (!marked || known.Count < 2)
        {
            return cells;
        }

        if (column.OfDevice && known.SelectMany(group => group.Counted).Select(run => run.Environment?.DeviceName ?? run.Environment?.Device).Distinct().Count() > 1)
        {
            notes.Add($"{column.Title}: not all runs were on the same device, so no best one is marked.");
            return cells;
        }

        double best = column.Best > 0 ? known.Max(group => cells[group].Value!.Value) : known.Min(group => cells[group].Value!.Value);
        string printed = PaperNumbers.Plain(best, column.Format);
        // The same number of parameters everywhere is nobody's merit.
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

    private static void Daggers(FinalColumn column, List<StudyGroup> groups, Dictionary<StudyGroup, StudyTableCell> cells, List<string> notes)
    {
        ComparisonWithBest test = ComparisonWithBest.Of(groups, column.Read);
        for (int i = 0; i < groups.Count; i++)
        {
            if (test.HolmP[i] is >= Alpha)
            {
                cells[groups[i]] = cells[groups[i]] with { Dagger = true };
            }
        }

        foreach (IGrouping<string, int> reason in Enumerable.Range(0, groups.Count).Where(i => test.Untested[i] is not null).GroupBy(i => test.Untested[i]!))
        {
            notes.Add($"{column.Title}: not tested against the highest mean, so without a dagger: {string.Join(", ", reason.Select(i => groups[i].Label))} ({reason.Key}).");
        }
    }

    private static IEnumerable<string> Marks(StudyEvidence evidence, List<StudyGroup> present, bool marked)
    {
        if (!marked)
        {
            yield return "Several cells a method: no best one is marked, since it would have been chosen on the rows that are reported.";
        }
        else if (present.Count > 1)
        {
            yield return "Bold: the best mean of the column, as printed.";
            yield return "†: Holm-adjusted p of a paired t test over seeds against the highest mean is 0.05 or more: not shown to differ, which is not equality.";
        }

        foreach (StudyArm arm in evidence.Study.Arms.Where(arm => arm.Position == GridPosition.AtEdge))
        {
            yield return $"{arm.Label}: the selected cell is at the edge of its grid; a better one may lie beyond.";
        }
    }

    private static IEnumerable<string> Gaps(StudyEvidence evidence, List<StudyGroup> groups)
    {
        foreach (string note in groups.SelectMany(group => group.Notes))
        {
            yield return note;
        }

        int seeds = evidence.Study.Plan.Seeds?.Count ?? 0;
        foreach (StudyArm arm in evidence.Study.Arms.Where(arm => groups.TrueForAll(group => group.Arm != arm)))
        {
            yield return $"{arm.Label}: no run on the reported set yet.";
        }

        foreach (StudyGroup group in groups.Where(group => group.Runs.Count < seeds))
        {
            yield return $"{group.Label}: {PaperNumbers.Count(seeds - group.Runs.Count, "planned seed")} without a run.";
        }

        List<string> sources = [.. groups.SelectMany(group => group.Counted).Where(run => run.PeakMemoryMb is not null).Select(run => run.Environment?.MemorySource).OfType<string>().Where(source => source.Length > 0).Distinct()];
        if (sources.Count > 0)
        {
            yield return $"Peak memory over the training steps, by {string.Join(" or ", sources)}; training time without evaluations and checkpoints.";
        }
    }
}
