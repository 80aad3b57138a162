using LoraLab.Contracts;
using LoraLab.Server.Comparison;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>
/// Compares groups with the one of the highest mean: paired t tests over common seeds, Holm-adjusted over the tests performed.
/// </summary>
internal sealed class ComparisonWithBest
{
    /// <summary>Minimum number of seeds; with fewer, a t test reflects its assumptions more than the data.</summary>
    public const int MinimumSeeds = 5;

    private ComparisonWithBest(IReadOnlyList<StudyGroup> groups, List<Dictionary<long, double>> values)
    {
        Means = [.. values.Select(group => SampleMoments.Mean([.. group.Values]))];
        Counts = [.. values.Select(group => group.Count)];
        Highest = Means.Index().MaxBy(mean => mean.Item).Index;
        List<(double? P, string? Reason)> tests =
            [.. values.Select((_, index) => index == Highest ? (null, null) : Test(groups, values, index))];
        Queue<double> adjusted = new(HolmAdjustment.Adjust([.. tests.Select(test => test.P).OfType<double>()]));
        HolmP = [.. tests.Select(test => test.P is null ? (double?)null : adjusted.Dequeue())];
        Untested = [.. tests.Select(test => test.Reason)];
    }

    /// <summary>Mean of each group.</summary>
    public IReadOnlyList<double> Means { get; }

    /// <summary>Number of seeds behind each mean.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <summary>Index of the highest mean; the first one of equal means.</summary>
    public int Highest { get; }

    /// <summary>Holm-adjusted p-value of each group against the highest; null for the highest itself and for untested groups.</summary>
    public IReadOnlyList<double?> HolmP { get; }

    /// <summary>Why a group was not tested; null for the highest and for tested groups.</summary>
    public IReadOnlyList<string?> Untested { get; }

    /// <summary>Means over all seeds of each group; tests over the seeds common to each pair.</summary>
    public static ComparisonWithBest Of(IReadOnlyList<StudyGroup> groups, Func<EvidenceRun, double?> read) =>
        new(groups, [.. groups.Select(group => group.BySeed(read))]);

    /// <summary>Means and tests over the given seeds, which all groups have.</summary>
    public static ComparisonWithBest OverSeeds(
        IReadOnlyCollection<long> seeds, IReadOnlyList<StudyGroup> groups, Func<EvidenceRun, double?> read) =>
        new(groups, [.. groups.Select(group => group.BySeed(read).Where(value => seeds.Contains(value.Key)).ToDictionary())]);

    private (double? P, string? Reason) Test(IReadOnlyList<StudyGroup> groups, List<Dictionary<long, double>> values, int index)
    {
        List<long> common = [.. values[Highest].Keys.Where(values[index].ContainsKey).Order()];
        if (common.Count < MinimumSeeds)
        {
            return (null, $"{NumberFormat.Count(common.Count, "common seed")}, five required");
        }

        if (PairRefusal.OfAll([.. groups[Highest].Counted.Concat(groups[index].Counted).Select(run => run.AsCompared())]) is string refused)
        {
            return (null, refused.TrimEnd('.'));
        }

        double[] highest = [.. common.Select(seed => values[Highest][seed])];
        double[] other = [.. common.Select(seed => values[index][seed])];
        // Equal values for every seed are no evidence of a difference; a constant difference has no variance to test against.
        return PairedTTest.Of(highest, other) is (_, _, double p) ? (p, null)
            : SampleMoments.Mean(PairedTTest.Differences(highest, other)) == 0 ? (1, null)
            : (null, "the difference is the same for all seeds, so it has no variance to test against");
    }
}
