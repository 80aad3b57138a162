using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Comparison;

/// <summary>The paired t test over seeds of every pair of groups, with Holm's adjustment over all that were tested.</summary>
internal static class MethodPairs
{
    /// <summary>Below this a t test over seeds says more about its assumptions than about methods.</summary>
    private const int MinimumSeeds = 5;

    public static MethodComparison Of(IReadOnlyList<SeedGroup> groups, FactorTable factors)
    {
        List<MethodPair> pairs = [];
        for (int first = 0; first < groups.Count; first++)
        {
            for (int second = first + 1; second < groups.Count; second++)
            {
                pairs.Add(Test(groups[first], groups[second], factors));
            }
        }

        List<MethodPair> tested = [.. pairs.Where(pair => pair.P is not null)];
        Queue<double> adjusted = new(HolmAdjustment.Adjust([.. tested.Select(pair => pair.P!.Value)]));
        return new MethodComparison
        {
            MinimumSeeds = MinimumSeeds,
            Groups = [.. groups.Select(group => group.Group)],
            Tested = tested.Count,
            Pairs = [.. pairs.Select(pair => pair.P is null ? pair : pair with { HolmP = adjusted.Dequeue() })],
        };
    }

    private static MethodPair Test(SeedGroup a, SeedGroup b, FactorTable factors)
    {
        List<(SeedResult A, SeedResult B)> common =
        [
            .. a.Group.Seeds.Join(b.Group.Seeds, seed => (seed.Seed, seed.OrderSeed), seed => (seed.Seed, seed.OrderSeed), (first, second) => (first, second)),
        ];
        double[] first = [.. common.Select(seed => seed.A.Accuracy)];
        double[] second = [.. common.Select(seed => seed.B.Accuracy)];
        IReadOnlyList<double> differences = PairedTTest.Differences(first, second);
        MethodPair pair = new()
        {
            GroupA = a.Group.Id,
            GroupB = b.Group.Id,
            CommonSeeds = common.Count,
            Difference = common.Count == 0 ? null : SampleMoments.Mean(differences),
            Factors = Factors(a, b, common, factors),
        };
        if (common.Count < MinimumSeeds)
        {
            return pair with { NotTestedReason = string.Create(CultureInfo.InvariantCulture, $"n = {common.Count}: too few seeds to test methods") };
        }

        if (PairRefusal.OfAll([.. a.Counted, .. b.Counted]) is string refused)
        {
            return pair with { NotTestedReason = refused };
        }

        if (PairedTTest.Of(first, second) is not (double t, int freedom, double p))
        {
            return pair with { NotTestedReason = string.Create(CultureInfo.InvariantCulture, $"All {common.Count} seeds differ by the same {pair.Difference * 100:0.00} points: there is no spread to test against.") };
        }

        double size = PairedTTest.Size(first, second);
        (double low, double high) = MeanInterval.Of(differences, size)!.Value;
        return pair with { StandardDeviation = SampleMoments.StandardDeviation(differences, size), Low = low, High = high, T = t, DegreesOfFreedom = freedom, P = p };
    }

    /// <summary>What the paired runs differ in; where no seed is common, what the first runs differ in.</summary>
    private static IReadOnlyList<string> Factors(SeedGroup a, SeedGroup b, List<(SeedResult A, SeedResult B)> common, FactorTable factors)
    {
        if (common.Count == 0)
        {
            return factors.Between(a.Runs[0], b.Runs[0]);
        }

        Dictionary<string, ComparedRun> runs = a.Runs.Concat(b.Runs).ToDictionary(run => run.Id);
        return [.. common.SelectMany(seed => factors.Between(runs[seed.A.Runs[0]], runs[seed.B.Runs[0]])).Distinct()];
    }
}
