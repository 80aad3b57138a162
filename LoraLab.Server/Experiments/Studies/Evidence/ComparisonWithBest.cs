using LoraLab.Server.Comparison;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>Groups against the one with the highest mean: paired t tests over common seeds, adjusted by Holm over the tests that were made.</summary>
internal sealed class ComparisonWithBest
{
    /// <summary>Below this a t test over seeds says more about its assumptions than about what is compared.</summary>
    public const int MinimumSeeds = 5;

    private ComparisonWithBest(IReadOnlyList<StudyGroup> groups, List<Dictionary<long, double>> values)
    {
        Means = [.. values.Select(group => SampleMoments.Mean([.. group.Values]))];
        Counts = [.. values.Select(group => group.Count)];
        Highest = Means.Index().MaxBy(mean => mean.Item).Index;
        List<(double? P, string? Reason)> tests = [.. values.Select((_, index) => index == Highest ? (null, null) : Test(groups, values, index))];
        Queue<double> adjusted = new(HolmAdjustment.Adjust([.. tests.Select(test => test.P).OfType<double>()]));
        HolmP = [.. tests.Select(test => test.P is null ? (double?)null : adjusted.Dequeue())];
        Untested = [.. tests.Select(test => test.Reason)];
    }

    /// <summary>Mean of each group.</summary>
    public IReadOnlyList<double> Means { get; }

    /// <summary>Seeds behind each mean.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <summary>Index of the highest mean, the first of equals.</summary>
    public int Highest { get; }

    /// <summary>Adjusted p of each group against the highest; null: it is the highest, or was not tested.</summary>
    public IReadOnlyList<double?> HolmP { get; }

    /// <summary>Why a group was not tested; null: it was, or it is the highest.</summary>
    public IReadOnlyList<string?> Untested { get; }

    /// <summary>Every group by the seeds that it has; each pair by those that both have.</summary>
    public static ComparisonWithBest Of(IReadOnlyList<StudyGroup> groups, Func<EvidenceRun, double?> read) => new(groups, [.. groups.Select(group => group.BySeed(read))]);

    /// <summary>Every group by the seeds that all have.</summary>
    public static ComparisonWithBest OverSeeds(IReadOnlyCollection<long> seeds, IReadOnlyList<StudyGroup> groups, Func<EvidenceRun, double?> read) =>
        new(groups, [.. groups.Select(group => group.BySeed(read).Where(value => seeds.Contains(value.Key)).ToDictionary())]);

    private (double? P, string? Reason) Test(IReadOnlyList<StudyGroup> groups, List<Dictionary<long, double>> values, int index)
    {
        List<long> common = [.. values[Highest].Keys.Where(values[index].ContainsKey).Order()];
        if (common.Count < MinimumSeeds)
        {
            return (null, $"{PaperNumbers.Count(common.Count, "common seed")}, and a test needs five");
        }

        if (PairRefusal.OfAll([.. groups[Highest].Counted.Concat(groups[index].Counted).Select(run => run.AsCompared())]) is string refused)
        {
            return (null, refused.TrimEnd('.'));
        }

        double[] highest = [.. common.Select(seed => values[Highest][seed])];
        double[] other = [.. common.Select(seed => values[index][seed])];
        // Equal seed by seed is no evidence of a difference; the same difference in every seed has no spread to test against.
        return PairedTTest.Of(highest, other) is (_, _, double p) ? (p, null)
            : SampleMoments.Mean(PairedTTest.Differences(highest, other)) == 0 ? (1, null)
            : (null, "all seeds differ by the same, so there is no spread to test against");
    }
}
