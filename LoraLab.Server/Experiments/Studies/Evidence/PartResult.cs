using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>A method in a part of a fair comparison: its means over seeds, and its difference from the best method of the part.</summary>
/// <param name="Method">The entry of the plan.</param>
/// <param name="Group">Its runs on the reported split.</param>
/// <param name="IsBest">Whether it has the best mean of the part.</param>
/// <param name="Mean">Mean of the primary metric.</param>
/// <param name="Interval">95% confidence interval of the mean; null: one seed, or no variance.</param>
/// <param name="Difference">Mean difference from the best over common seeds; null: it is the best, or has no common seed.</param>
/// <param name="DifferenceInterval">95% confidence interval of that; null: fewer than two common seeds, or no variance.</param>
/// <param name="HolmP">p-value of that difference, Holm-adjusted over the part; null: not tested.</param>
/// <param name="Untested">Why it was not tested; null: it was, or it is the best.</param>
internal sealed record PartResult(
    StudyMethod Method,
    StudyGroup Group,
    bool IsBest,
    double Mean,
    (double Low, double High)? Interval,
    double? Difference,
    (double Low, double High)? DifferenceInterval,
    double? HolmP,
    string? Untested)
{
    /// <summary>Significance level of the adjusted p-values.</summary>
    public const double Alpha = 0.05;

    /// <summary>Whether the difference from the best is significant; null: not tested.</summary>
    public bool? IsReal => HolmP is double p ? p < Alpha : null;

    /// <summary>Rank of its runs; null: the method has none.</summary>
    public int? Rank => Method.WithoutRank == true ? null : Group.Counted[0].Document?.Spec.Rank;

    /// <summary>Mean seconds per optimizer step, without evaluations and checkpoints.</summary>
    public double? SecondsPerStep => Cost(run =>
        run.Document?.Progress.Step is > 0 and int steps && run.TrainSeconds is double seconds ? seconds / steps : null);

    /// <summary>Mean of a cost over the counted runs that have it; null: none has.</summary>
    public double? Cost(Func<EvidenceRun, double?> read) =>
        Group.BySeed(read) is { Count: > 0 } values ? SampleMoments.Mean([.. values.Values]) : null;

    /// <summary>The methods of a part that have a counted run, in the order of the plan.</summary>
    public static IReadOnlyList<PartResult> Of(StudyEvidence evidence, StudyPart part)
    {
        List<(StudyMethod Method, StudyGroup Group)> present =
        [
            .. (evidence.Study.Plan.Methods ?? []).Where(method => method.Parts?.Contains(part) == true)
                .SelectMany(method => evidence.Reported.Where(group => group.Arm.Method == method.Key && group.Counted.Count > 0)
                    .Take(1).Select(group => (method, group))),
        ];
        if (present.Count == 0)
        {
            return [];
        }

        // The comparison is with the highest mean, so that metrics of which less is better change their sign.
        int sign = evidence.Metric.Sign < 0 ? -1 : 1;
        double? Read(EvidenceRun run) => sign * run.Result;
        List<StudyGroup> groups = [.. present.Select(entry => entry.Group)];
        ComparisonWithBest test = ComparisonWithBest.Of(groups, Read);
        StudyGroup best = groups[test.Highest];
        return
        [
            .. present.Select((entry, index) =>
            {
                (double? difference, (double Low, double High)? interval) =
                    index == test.Highest ? (null, null) : Compare(entry.Group, best);
                return new PartResult(
                    entry.Method,
                    entry.Group,
                    index == test.Highest,
                    sign * test.Means[index],
                    MeanInterval.Of([.. entry.Group.Counted.Select(run => run.Result)]),
                    difference,
                    interval,
                    test.HolmP[index],
                    test.Untested[index]);
            }),
        ];
    }

    /// <summary>
    /// Mean difference of the primary metric over common seeds, with its 95% confidence interval; null: no common seed, and for the
    /// interval fewer than two, or no variance.
    /// </summary>
    internal static (double? Difference, (double Low, double High)? Interval) Compare(StudyGroup group, StudyGroup best)
    {
        Dictionary<long, double> own = group.BySeed(run => run.Result);
        Dictionary<long, double> others = best.BySeed(run => run.Result);
        List<long> common = [.. own.Keys.Where(others.ContainsKey).Order()];
        if (common.Count == 0)
        {
            return (null, null);
        }

        double[] first = [.. common.Select(seed => own[seed])];
        double[] second = [.. common.Select(seed => others[seed])];
        IReadOnlyList<double> differences = PairedTTest.Differences(first, second);
        return (SampleMoments.Mean(differences), MeanInterval.Of(differences, PairedTTest.Size(first, second)));
    }
}
