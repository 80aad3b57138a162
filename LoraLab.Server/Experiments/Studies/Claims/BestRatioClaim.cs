using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The claim "the best ratio ηB/ηA is 4, with ηA = 1e-4".</summary>
internal sealed class BestRatioClaim : IPaperClaim
{
    private const double Alpha = 0.05;
    private static readonly LearningRates _paper = new(1e-4, 4e-4);

    public ClaimDescriptor Descriptor { get; } = new(
        "best-ratio",
        "The best ratio ηB/ηA of the LoRA+ learning rates is 4, with ηA = 1e-4.",
        "Mean accuracy at the last evaluation of each cell of the LoRA+ grid, over the seeds common to all cells.",
        "The cell with ηA = 1e-4 and ηB = 4e-4 (both scaled by 20 in the toy profile) has the highest mean, "
            + "and every other cell differs from it with a Holm-adjusted p-value below 0.05 (paired t test over seeds).",
        "Five seeds in every cell, and a grid with smaller and larger values of both learning rates than in that cell.")
    {
        Metric = MetricKeys.EvalAccuracy,
    };

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        IReadOnlyList<RateCell> cells = RateCell.Of(evidence);
        if (cells.Count == 0)
        {
            return ClaimFinding.NotRun("no run of LoRA+ has finished.");
        }

        double scale = RateScale.Of(evidence.Study.Plan);
        LearningRates paper = new(_paper.A * scale, _paper.B * scale);
        int target = cells.ToList().FindIndex(cell => cell.Rates.IsSame(paper));
        List<StudyGroup> groups = [.. cells.Select(cell => cell.Group)];
        List<long> seeds = [.. groups[0].Counted.Select(run => run.Run.Seed)
            .Where(seed => groups.TrueForAll(group => group.Counted.Any(run => run.Run.Seed == seed)))];
        ComparisonWithBest test = seeds.Count > 0
            ? ComparisonWithBest.OverSeeds(seeds, groups, run => run.Accuracy)
            : ComparisonWithBest.Of(groups, run => run.Accuracy);
        RateCell highest = cells[test.Highest];
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"the highest mean accuracy of {NumberFormat.Count(cells.Count, "cell")} over {NumberFormat.Count(seeds.Count, "common seed")} "
                + $"is {NumberFormat.Percent(test.Means[test.Highest])}, at {highest.Rates} (ratio "
                + $"{NumberFormat.Number(highest.Rates.Ratio)}, {PositionText(highest.Rates, cells)})");
        (ClaimVerdict verdict, string reason) = Verdict(evidence, cells, target, paper, seeds.Count, test);
        return new ClaimFinding(verdict, $"{found}; {reason}.", Figures(cells, test), [.. cells.SelectMany(cell => cell.Group.Counted)]);
    }

    private static (ClaimVerdict Verdict, string Reason) Verdict(
        StudyEvidence evidence, IReadOnlyList<RateCell> cells, int target, LearningRates paper, int seeds, ComparisonWithBest test)
    {
        if (target < 0)
        {
            return (ClaimVerdict.Inconclusive, $"{paper} has no finished run");
        }

        if (RateCell.Unfinished(evidence) is { Count: > 0 } unfinished)
        {
            return (
                ClaimVerdict.Inconclusive,
                $"cells without a finished run: {string.Join("; ", unfinished.Select(group => group.Cell ?? group.Label))}");
        }

        if (seeds < ComparisonWithBest.MinimumSeeds)
        {
            return (ClaimVerdict.Inconclusive, "five seeds in every cell are required");
        }

        if (test.Highest != target)
        {
            return test.HolmP[target] is double p and < Alpha
                ? (
                    ClaimVerdict.NotSupported,
                    $"{paper} reaches {NumberFormat.Percent(test.Means[target])} (Holm-adjusted {NumberFormat.PStatement(p)})")
                : (ClaimVerdict.Inconclusive, $"{paper} reaches {NumberFormat.Percent(test.Means[target])}, no significant difference");
        }

        int open = test.HolmP.Where((p, index) => index != target && p is not < Alpha).Count();
        return open > 0 ? (ClaimVerdict.Inconclusive, $"there is no significant difference from {open} of the "
            + $"{NumberFormat.Count(cells.Count - 1, "other cell")}")
            : !Extends(paper, cells) ? (ClaimVerdict.Inconclusive, "the grid does not extend beyond it in both learning "
                + "rates, so a better cell may lie outside")
            : (ClaimVerdict.Supported, "every other cell is significantly lower (Holm-adjusted p < 0.05)");
    }

    private static List<ClaimEvidence> Figures(IReadOnlyList<RateCell> cells, ComparisonWithBest test) =>
    [
        .. cells.Select((cell, index) => new ClaimEvidence(
            $"mean accuracy at {cell.Rates} (ratio {NumberFormat.Number(cell.Rates.Ratio)})",
            test.Means[index],
            N: test.Counts[index],
            P: test.HolmP[index],
            Note: index == test.Highest ? $"Highest mean, {PositionText(cell.Rates, cells)}."
                : test.Untested[index] is { } reason ? $"Not tested: {reason}."
                : null)),
    ];

    private static bool Extends(LearningRates rates, IReadOnlyList<RateCell> cells) =>
        Inside(cells, rates, cell => cell.A) && Inside(cells, rates, cell => cell.B);

    private static string PositionText(LearningRates rates, IReadOnlyList<RateCell> cells) =>
        (Inside(cells, rates, cell => cell.A), Inside(cells, rates, cell => cell.B)) switch
        {
            (true, true) => "inside the grid",
            (false, false) => "at a corner of the grid",
            _ => "at an edge of the grid",
        };

    private static bool Inside(IReadOnlyList<RateCell> cells, LearningRates rates, Func<LearningRates, double> read) =>
        cells.Any(cell => read(cell.Rates) < read(rates) && !LearningRates.Same(read(cell.Rates), read(rates)))
        && cells.Any(cell => read(cell.Rates) > read(rates) && !LearningRates.Same(read(cell.Rates), read(rates)));
}
