using System.Globalization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>"The best ratio ηB/ηA is 4, with ηA = 1e-4."</summary>
internal sealed class BestRatioClaim : IPaperClaim
{
    private const double Alpha = 0.05;
    private static readonly LearningRates s_paper = new(1e-4, 4e-4);

    public ClaimDescriptor Descriptor { get; } = new(
        "best-ratio",
        "The best ratio of LoRA+'s learning rates ηB/ηA is 4, with ηA = 1e-4.",
        "Mean accuracy at the last evaluation of each cell of LoRA+'s grid, over the seeds that all cells have.",
        "The cell of ηA 1e-4 and ηB 4e-4 (both times 20 in the profile toy) is highest, and each other cell differs from it with a Holm-adjusted p below 0.05 (paired t test over seeds).",
        "Five seeds in every cell, and a grid with smaller and larger values of both rates than that cell's.");

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        IReadOnlyList<RateCell> cells = RateCell.Of(evidence);
        if (cells.Count == 0)
        {
            return ClaimFinding.NotRun("no run of LoRA+ has finished.");
        }

        double scale = RateScale.Of(evidence.Study.Plan);
        LearningRates paper = new(s_paper.A * scale, s_paper.B * scale);
        int target = cells.ToList().FindIndex(cell => cell.Rates.IsSame(paper));
        List<StudyGroup> groups = [.. cells.Select(cell => cell.Group)];
        List<long> seeds = [.. groups[0].Counted.Select(run => run.Run.Seed).Where(seed => groups.TrueForAll(group => group.Counted.Any(run => run.Run.Seed == seed)))];
        ComparisonWithBest test = seeds.Count > 0 ? ComparisonWithBest.OverSeeds(seeds, groups, run => run.Accuracy) : ComparisonWithBest.Of(groups, run => run.Accuracy);
        RateCell highest = cells[test.Highest];
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"of {PaperNumbers.Count(cells.Count, "cell")} over {PaperNumbers.Count(seeds.Count, "common seed")} the highest mean accuracy, {PaperNumbers.Percent(test.Means[test.Highest])} %, is that of {highest.Rates} (ratio {highest.Rates.Ratio:0.##}, {PlaceWords(highest.Rates, cells)})");
        (ClaimVerdict verdict, string reason) = Verdict(evidence, cells, target, paper, seeds.Count, test);
        return new ClaimFinding(verdict, $"{found}; {reason}.", Figures(cells, test), [.. cells.SelectMany(cell => cell.Group.Counted)]);
    }

    private static (ClaimVerdict Verdict, string Reason) Verdict(StudyEvidence evidence, IReadOnlyList<RateCell> cells, int target, LearningRates paper, int seeds, ComparisonWithBest test)
    {
        if (target < 0)
        {
            return (ClaimVerdict.Inconclusive, $"{paper} has no finished run");
        }

        if (RateCell.Unfinished(evidence) is { Count: > 0 } unfinished)
        {
            return (ClaimVerdict.Inconclusive, $"without a finished run: {string.Join("; ", unfinished.Select(group => group.Cell ?? group.Label))}");
        }

        if (seeds < ComparisonWithBest.MinimumSeeds)
        {
            return (ClaimVerdict.Inconclusive, "five seeds in every cell are needed");
        }

        if (test.Highest != target)
        {
            return test.HolmP[target] is double p and < Alpha
                ? (ClaimVerdict.NotSupported, $"{paper} has {PaperNumbers.Percent(test.Means[target])} % (Holm p {PaperNumbers.P(p)})")
                : (ClaimVerdict.Inconclusive, $"{paper} has {PaperNumbers.Percent(test.Means[target])} %, which is not shown to differ");
        }

        int open = test.HolmP.Where((p, index) => index != target && p is not < Alpha).Count();
        return open > 0 ? (ClaimVerdict.Inconclusive, $"{PaperNumbers.Count(open, "other cell")} of {cells.Count - 1} not shown to differ from it")
            : !Extends(paper, cells) ? (ClaimVerdict.Inconclusive, "the grid does not extend beyond it in both rates, so a better cell may lie outside")
            : (ClaimVerdict.Supported, "every other cell is lower with a Holm-adjusted p below 0.05");
    }

    private static List<ClaimEvidence> Figures(IReadOnlyList<RateCell> cells, ComparisonWithBest test) =>
    [
        .. cells.Select((cell, index) => new ClaimEvidence(
            string.Create(CultureInfo.InvariantCulture, $"mean accuracy at {cell.Rates} (ratio {cell.Rates.Ratio:0.##})"),
            test.Means[index],
            N: test.Counts[index],
            P: test.HolmP[index],
            Note: index == test.Highest ? $"The highest; {PlaceWords(cell.Rates, cells)}." : test.Untested[index] is { } reason ? $"Not tested: {reason}." : null)),
    ];

    private static bool Extends(LearningRates rates, IReadOnlyList<RateCell> cells) => Inside(cells, rates, of => of.A) && Inside(cells, rates, of => of.B);

    private static string PlaceWords(LearningRates rates, IReadOnlyList<RateCell> cells) => (Inside(cells, rates, of => of.A), Inside(cells, rates, of => of.B)) switch
    {
        (true, true) => "inside the grid",
        (false, false) => "a corner of the grid",
        _ => "at an edge of the grid",
    };

    private static bool Inside(IReadOnlyList<RateCell> cells, LearningRates rates, Func<LearningRates, double> read) =>
        cells.Any(cell => read(cell.Rates) < read(rates) && !LearningRates.Same(read(cell.Rates), read(rates)))
        && cells.Any(cell => read(cell.Rates) > read(rates) && !LearningRates.Same(read(cell.Rates), read(rates)));
}
