using System.Globalization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>
/// Whether a method converges faster than LoRA: the difference of the areas under their accuracy curves, each at the rate that was chosen
/// for it, paired by seed.
/// </summary>
internal static class AreaComparison
{
    public const string Quantity = "Area under the accuracy curve divided by its steps (the mean accuracy over training), each method at its own selected rate: difference to LoRA, paired by seed.";
    public const string MarginText = "Faster: the 95 % t-interval of the mean difference lies above 0 and reaches beyond 0.5 points. Not faster: it lies below 0.5 points.";
    public const string MinimumText = "Five common seeds, rates selected for both methods, and evaluations at the same steps.";
    private const double Margin = 0.005;
    private const string Base = "lora";

    public static ClaimFinding Of(StudyEvidence evidence, string method)
    {
        List<StudyGroup> ours = Groups(evidence, method);
        List<StudyGroup> theirs = Groups(evidence, Base);
        List<string> absent = [.. new[] { (method, ours), (Base, theirs) }.Where(side => side.Item2.Count == 0).Select(side => evidence.Arm(side.Item1)?.Label ?? side.Item1)];
        if (absent.Count > 0)
        {
            return ClaimFinding.NotRun($"no run of {string.Join(" or ", absent)} has finished on the reported split.");
        }

        if (ours.Count > 1 || theirs.Count > 1)
        {
            return new ClaimFinding(ClaimVerdict.Inconclusive, "several cells were reported and none was selected, so there is no rate of a method's own.", [], [.. ours.Concat(theirs).SelectMany(group => group.Counted)]);
        }

        return Compare(ours[0], theirs[0]);
    }

    private static List<StudyGroup> Groups(StudyEvidence evidence, string method) =>
        [.. evidence.Reported.Where(group => group.Arm.Method == method && group.Counted.Count > 0)];

    private static ClaimFinding Compare(StudyGroup ours, StudyGroup theirs)
    {
        List<(double Ours, double Theirs)> areas = [];
        int unlike = 0;
        foreach ((EvidenceRun mine, EvidenceRun other) in ours.Counted.Join(theirs.Counted, run => run.Run.Seed, run => run.Run.Seed, (mine, other) => (mine, other)))
        {
            (Curve first, Curve second) = (mine.Curve(MetricKeys.EvalAccuracy), other.Curve(MetricKeys.EvalAccuracy));
            if (first.SameSteps(second))
            {
                areas.Add((first.MeanHeight()!.Value, second.MeanHeight()!.Value));
            }
            else
            {
                unlike++;
            }
        }

        List<EvidenceRun> runs = [.. ours.Counted, .. theirs.Counted];
        if (areas.Count == 0)
        {
            return new ClaimFinding(ClaimVerdict.Inconclusive, $"{ours.Label} and LoRA have no common seed with evaluations at the same steps.", [], runs);
        }

        IReadOnlyList<double> differences = PairedTTest.Differences([.. areas.Select(area => area.Ours)], [.. areas.Select(area => area.Theirs)]);
        double size = areas.Max(area => Math.Max(area.Ours, area.Theirs));
        (double Low, double High)? interval = MeanInterval.Of(differences, size);
        double mean = SampleMoments.Mean(differences);
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"over {PaperNumbers.Count(areas.Count, "common seed")} the mean accuracy during training of {ours.Arm.Label} is {Math.Abs(mean) * 100:0.00} points {(mean < 0 ? "lower" : "higher")} than that of {theirs.Arm.Label}{Interval(interval)}");
        (ClaimVerdict verdict, string reason) = Verdict(ours, theirs, areas.Count, interval, runs);
        return new ClaimFinding(verdict, $"{found}; {reason}.{Edges(ours, theirs)}", Figures(ours, theirs, areas, mean, interval, unlike), runs);
    }

    private static (ClaimVerdict Verdict, string Reason) Verdict(StudyGroup ours, StudyGroup theirs, int seeds, (double Low, double High)? interval, List<EvidenceRun> runs)
    {
        List<string> chosen = [.. new[] { ours, theirs }.Where(group => group.Arm.Selected is null).Select(group => group.Arm.Label)];
        return seeds < ComparisonWithBest.MinimumSeeds ? (ClaimVerdict.Inconclusive, "five common seeds are needed")
            : chosen.Count > 0 ? (ClaimVerdict.Inconclusive, $"no rate was selected for {string.Join(" and ", chosen)}")
            : PairRefusal.OfAll([.. runs.Select(run => run.AsCompared())]) is string refused ? (ClaimVerdict.Inconclusive, refused.TrimEnd('.'))
            : interval is not (double low, double high) ? (ClaimVerdict.Inconclusive, "all seeds differ by the same, so there is no spread to make an interval from")
            : high <= Margin ? (ClaimVerdict.NotSupported, high < 0 ? "it is slower" : "if it is faster, then by less than 0.5 points")
            : low > 0 ? (ClaimVerdict.Supported, "it is faster")
            : (ClaimVerdict.Inconclusive, "the interval holds 0 and more than 0.5 points");
    }

    private static List<ClaimEvidence> Figures(StudyGroup ours, StudyGroup theirs, List<(double Ours, double Theirs)> areas, double mean, (double Low, double High)? interval, int unlike) =>
    [
        new("difference of mean accuracy during training", mean, interval?.Low, interval?.High, areas.Count, Note: unlike > 0 ? $"{PaperNumbers.Count(unlike, "common seed")} left out: evaluated at other steps." : null),
        new($"mean accuracy during training, {ours.Arm.Label}", areas.Average(area => area.Ours), N: areas.Count, Note: Settings(ours)),
        new($"mean accuracy during training, {theirs.Arm.Label}", areas.Average(area => area.Theirs), N: areas.Count, Note: Settings(theirs)),
    ];

    private static string Settings(StudyGroup group) => group.Rates is { } rates ? $"At learning rate {PaperNumbers.Setting(rates.A)}." : "Learning rate unknown.";

    private static string Edges(params StudyGroup[] groups)
    {
        List<string> at = [.. groups.Where(group => group.Arm.Position == GridPosition.AtEdge).Select(group => group.Arm.Label)];
        return at.Count == 0 ? "" : $" The selected rate of {string.Join(" and ", at)} is at the edge of its grid.";
    }

    private static string Interval((double Low, double High)? interval) => interval is not (double low, double high) ? ""
        : string.Create(CultureInfo.InvariantCulture, $" (95 % interval {low * 100:0.00} to {high * 100:0.00})");
}
