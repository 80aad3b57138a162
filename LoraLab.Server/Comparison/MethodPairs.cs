using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Comparison;

/// <summary>Paired t tests over seeds for every pair of groups, Holm-adjusted over all tested pairs.</summary>
internal static class MethodPairs
{
    /// <summary>Minimum number of seeds; with fewer, a t test reflects its assumptions more than the data.</summary>
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
            .. a.Group.Seeds.Join(
                b.Group.Seeds,
                seed => (seed.Seed, seed.OrderSeed),
                seed => (seed.Seed, seed.OrderSeed),
                (first, second) => (first, second)),
        ];
        string key = a.Group.Metric;
        if (b.Group.Metric != key)
        {
            return new MethodPair
            {
                GroupA = a.Group.Id,
                GroupB = b.Group.Id,
                CommonSeeds = common.Count,
                NotTestedReason = a.Group.Task == b.Group.Task
                    ? PairRefusal.OtherMetric(MetricCatalog.Default.Of(key), MetricCatalog.Default.Of(b.Group.Metric))
                    : PairRefusal.OtherTask(a.Group.Task, b.Group.Task),
            };
        }

        MetricDescriptor metric = MetricCatalog.Default.Of(key);
        double[] first = [.. common.Select(seed => seed.A.Metrics[key])];
        double[] second = [.. common.Select(seed => seed.B.Metrics[key])];
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
            return pair with
            {
                NotTestedReason = string.Create(CultureInfo.InvariantCulture, $"n = {common.Count}: too few common seeds for a test"),
            };
        }

        if (PairRefusal.OfAll([.. a.Counted, .. b.Counted]) is string refused)
        {
            return pair with { NotTestedReason = refused };
        }

        if (PairedTTest.Of(first, second) is not (double t, int freedom, double p))
        {
            return pair with
            {
                NotTestedReason = string.Create(
                    CultureInfo.InvariantCulture,
                    $"The difference is {metric.Difference(pair.Difference!.Value)} for all {common.Count} seeds, "
                        + $"which leaves no variance to test against."),
            };
        }

        double size = PairedTTest.Size(first, second);
        (double low, double high) = MeanInterval.Of(differences, size)!.Value;
        return pair with
        {
            StandardDeviation = SampleMoments.StandardDeviation(differences, size),
            Low = low,
            High = high,
            T = t,
            DegreesOfFreedom = freedom,
            P = p,
        };
    }

    /// <summary>The factors in which paired runs differ; without a common seed, those of the first runs.</summary>
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
