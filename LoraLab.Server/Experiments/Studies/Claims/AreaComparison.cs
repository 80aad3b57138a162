using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>
/// Tests whether a method converges faster than LoRA: the difference in area under the accuracy curve, each method at its selected learning
/// rate, paired by seed.
/// </summary>
internal static class AreaComparison
{
    public const string Quantity = "Area under the accuracy curve divided by the number of steps (mean accuracy during training), "
        + "each method at its selected learning rate: difference from LoRA, paired by seed.";
    public const string MarginText = "Faster: the 95% t-based confidence interval of the mean difference lies above 0, "
        + "and its upper bound exceeds 0.5 percentage points. Not faster: its upper bound is at most 0.5 percentage points.";
    public const string MinimumText = "Five common seeds, a selected learning rate for both methods, and evaluations at the same steps.";
    private const double Margin = 0.005;
    private const string Base = "lora";

    public static ClaimFinding Of(StudyEvidence evidence, string method)
    {
        List<StudyGroup> ours = Groups(evidence, method);
        List<StudyGroup> theirs = Groups(evidence, Base);
        List<string> absent = [.. new[] { (method, ours), (Base, theirs) }.Where(side => side.Item2.Count == 0)
            .Select(side => evidence.Arm(side.Item1)?.Label ?? side.Item1)];
        if (absent.Count > 0)
        {
            return ClaimFinding.NotRun($"no run of {string.Join(" or ", absent)} has finished on the reported split.");
        }

        if (ours.Count > 1 || theirs.Count > 1)
        {
            return new ClaimFinding(
                ClaimVerdict.Inconclusive,
                "several grid cells were reported and none was selected, so the methods have no selected learning rate.",
                [],
                [.. ours.Concat(theirs).SelectMany(group => group.Counted)]);
        }

        return Compare(ours[0], theirs[0]);
    }

    private static List<StudyGroup> Groups(StudyEvidence evidence, string method) =>
        [.. evidence.Reported.Where(group => group.Arm.Method == method && group.Counted.Count > 0)];

    private static ClaimFinding Compare(StudyGroup ours, StudyGroup theirs)
    {
        List<(double Ours, double Theirs)> areas = [];
        int excluded = 0;
        foreach ((EvidenceRun mine, EvidenceRun other) in ours.Counted.Join(
            theirs.Counted, run => run.Run.Seed, run => run.Run.Seed, (mine, other) => (mine, other)))
        {
            (Curve first, Curve second) = (mine.Curve(MetricKeys.EvalAccuracy), other.Curve(MetricKeys.EvalAccuracy));
            if (first.SameSteps(second))
            {
                areas.Add((first.MeanHeight()!.Value, second.MeanHeight()!.Value));
            }
            else
            {
                excluded++;
            }
        }

        List<EvidenceRun> runs = [.. ours.Counted, .. theirs.Counted];
        if (areas.Count == 0)
        {
            return new ClaimFinding(
                ClaimVerdict.Inconclusive, $"{ours.Label} and LoRA have no common seed with evaluations at the same steps.", [], runs);
        }

        IReadOnlyList<double> differences = PairedTTest.Differences(
            [.. areas.Select(area => area.Ours)], [.. areas.Select(area => area.Theirs)]);
        double size = areas.Max(area => Math.Max(area.Ours, area.Theirs));
        (double Low, double High)? interval = MeanInterval.Of(differences, size);
        double mean = SampleMoments.Mean(differences);
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"over {NumberFormat.Count(areas.Count, "common seed")}, the mean accuracy of {ours.Arm.Label} during training is "
                + $"{NumberFormat.PercentFigure(Math.Abs(mean))} percentage points {(mean < 0 ? "lower" : "higher")} than that of "
                + $"{theirs.Arm.Label}{Interval(interval)}");
        (ClaimVerdict verdict, string reason) = Verdict(ours, theirs, areas.Count, interval, runs);
        return new ClaimFinding(
            verdict, $"{found}; {reason}.{Edges(ours, theirs)}", Figures(ours, theirs, areas, mean, interval, excluded), runs);
    }

    private static (ClaimVerdict Verdict, string Reason) Verdict(
        StudyGroup ours, StudyGroup theirs, int seeds, (double Low, double High)? interval, List<EvidenceRun> runs)
    {
        List<string> unselected = [.. new[] { ours, theirs }.Where(group => group.Arm.Selected is null).Select(group => group.Arm.Label)];
        return seeds < ComparisonWithBest.MinimumSeeds ? (ClaimVerdict.Inconclusive, "five common seeds are required")
            : unselected.Count > 0 ? (ClaimVerdict.Inconclusive, $"no learning rate was selected for {string.Join(" and ", unselected)}")
            : PairRefusal.OfAll([.. runs.Select(run => run.AsCompared())]) is string refused
                ? (ClaimVerdict.Inconclusive, refused.TrimEnd('.'))
            : interval is not (double low, double high) ? (ClaimVerdict.Inconclusive, "the difference is the same for all seeds, "
                + "so it has no variance to estimate a confidence interval from")
            : high <= Margin ? (ClaimVerdict.NotSupported, high < 0
                ? "it converges more slowly"
                : "any advantage is at most 0.5 percentage points")
            : low > 0 ? (ClaimVerdict.Supported, "it converges faster")
            : (ClaimVerdict.Inconclusive, "the confidence interval contains both 0 and 0.5 percentage points");
    }

    private static List<ClaimEvidence> Figures(
        StudyGroup ours,
        StudyGroup theirs,
        List<(double Ours, double Theirs)> areas,
        double mean,
        (double Low, double High)? interval,
        int excluded) =>
    [
        new("difference in mean accuracy during training", mean, interval?.Low, interval?.High, areas.Count, Note: excluded > 0
            ? $"{NumberFormat.Count(excluded, "common seed")} excluded: evaluated at different steps."
            : null),
        new($"mean accuracy during training, {ours.Arm.Label}", areas.Average(area => area.Ours), N: areas.Count, Note: Settings(ours)),
        new(
            $"mean accuracy during training, {theirs.Arm.Label}",
            areas.Average(area => area.Theirs),
            N: areas.Count,
            Note: Settings(theirs)),
    ];

    private static string Settings(StudyGroup group) =>
        group.Rates is { } rates ? $"At learning rate {NumberFormat.Setting(rates.A)}." : "Learning rate unknown.";

    private static string Edges(params StudyGroup[] groups)
    {
        List<string> methods = [.. groups.Where(group => group.Arm.Position == GridPosition.AtEdge).Select(group => group.Arm.Label)];
        return methods.Count == 0 ? "" : $" The selected learning rate of {string.Join(" and ", methods)} lies at the edge of its grid.";
    }

    private static string Interval((double Low, double High)? interval) =>
        interval is (double low, double high) ? $" (95% CI {NumberFormat.PointsInterval(low, high)})" : "";
}
