using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>Two methods in a part of a fair comparison, and the difference of the primary metric between them.</summary>
/// <param name="First">Arm of the first.</param>
/// <param name="Second">Arm of the second.</param>
/// <param name="Seeds">Number of common seeds.</param>
/// <param name="Difference">Mean of the first minus the second over common seeds; null: there are none.</param>
/// <param name="Interval">95% confidence interval of that, not adjusted; null: fewer than two common seeds, or no variance.</param>
/// <param name="P">p-value of a paired t test; null: not tested.</param>
/// <param name="HolmP">The same, Holm-adjusted over all pairs of the part.</param>
/// <param name="Untested">Why it was not tested; null: it was.</param>
internal sealed record MethodPair(
    string First,
    string Second,
    int Seeds,
    double? Difference,
    (double Low, double High)? Interval,
    double? P,
    double? HolmP,
    string? Untested)
{
    /// <summary>All pairs of the methods of a part that have a counted run, in the order of the plan.</summary>
    public static IReadOnlyList<MethodPair> All(StudyEvidence evidence, StudyPart part)
    {
        IReadOnlyList<PartResult> results = PartResult.Of(evidence, part);
        List<MethodPair> pairs =
        [
            .. results.SelectMany((first, index) => results.Skip(index + 1).Select(second => Of(first, second))),
        ];
        Queue<double> adjusted = new(HolmAdjustment.Adjust([.. pairs.Select(pair => pair.P).OfType<double>()]));
        return [.. pairs.Select(pair => pair.P is null ? pair : pair with { HolmP = adjusted.Dequeue() })];
    }

    private static MethodPair Of(PartResult first, PartResult second)
    {
        ComparisonWithBest test = ComparisonWithBest.Of([first.Group, second.Group], run => run.Result);
        double? p = test.HolmP.FirstOrDefault(value => value is not null);
        string? untested = test.Untested.FirstOrDefault(reason => reason is not null);
        Dictionary<long, double> others = second.Group.BySeed(run => run.Result);
        int seeds = first.Group.BySeed(run => run.Result).Keys.Count(others.ContainsKey);
        (double? difference, (double Low, double High)? interval) = PartResult.Compare(first.Group, second.Group);
        return new(first.Method.Key, second.Method.Key, seeds, difference, interval, p, null, untested);
    }
}
