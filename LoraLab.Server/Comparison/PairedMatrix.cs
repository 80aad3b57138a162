using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Comparison;

/// <summary>The test of the primary metric for every pair of runs that can be paired, Holm-adjusted over all tested pairs.</summary>
internal static class PairedMatrix
{
    public static PairedTests Of(IReadOnlyList<ComparedRun> runs, FactorTable factors)
    {
        Dictionary<string, ComparedRun> originals = Originals(runs);
        RowDraws draws = new();
        List<PairedTest> pairs = [];
        for (int first = 0; first < runs.Count; first++)
        {
            for (int second = first + 1; second < runs.Count; second++)
            {
                PairedTest pair = Test(runs[first], runs[second], runs[0].Metric, originals, draws);
                pairs.Add(pair with { Factors = factors.Between(runs[first], runs[second]) });
            }
        }

        List<PairedTest> tested = [.. pairs.Where(pair => pair.P is not null)];
        Queue<double> adjusted = new(HolmAdjustment.Adjust([.. tested.Select(pair => pair.P!.Value)]));
        return new PairedTests
        {
            Metric = runs[0].Metric.Key,
            Test = $"{TestOf(runs[0].Metric)}, Holm over all tested pairs",
            Tested = tested.Count,
            Pairs = [.. pairs.Select(pair => pair.P is null ? pair : pair with { HolmP = adjusted.Dequeue() })],
        };
    }

    /// <summary>Whether the metric is a share of rows that are right.</summary>
    private static bool CountsRight(MetricDescriptor metric) => metric.Key == MetricKeys.EvalAccuracy;

    private static string TestOf(MetricDescriptor metric) => CountsRight(metric)
        ? "exact two-sided McNemar test"
        : string.Create(
            CultureInfo.InvariantCulture, $"paired bootstrap of the {metric.Name} ({PairedBootstrap.Resamples:#,0} draws of the rows)");

    private static PairedTest Test(
        ComparedRun a, ComparedRun b, MetricDescriptor metric, Dictionary<string, ComparedRun> originals, RowDraws draws)
    {
        PairedTest pair = new() { RunA = a.Id, RunB = b.Id };
        if ((PairRefusal.Of(a, b) ?? PairRefusal.OfMetric(a, metric) ?? Repeated(a, b, originals)) is PairRefusal refused)
        {
            return pair with { NotTestedReason = refused.Reason, NotTestedRuns = refused.Runs };
        }

        (int both, int onlyA, int onlyB) = Rights(a, b);
        pair = pair with { Rows = a.Predictions!.Count, B = both == 0 ? null : onlyA, C = both == 0 ? null : onlyB };
        if (CountsRight(a.Metric))
        {
            return pair with
            {
                B = onlyA,
                C = onlyB,
                Difference = (double)(onlyA - onlyB) / a.Predictions.Count,
                P = McNemarTest.PValue(onlyA, onlyB),
            };
        }

        if (draws.Primary(a, b) is not (double difference, double low, double high, double p))
        {
            return pair with
            {
                NotTestedReason = metric.IsOfGenerated
                    ? $"The predictions have no row with the {metric.Name} of both runs."
                    : "A row has no finite loss or another number of tokens.",
            };
        }

        bool hasTexts = a.Predictions.All(row => row.Label is null);
        return pair with
        {
            Difference = difference,
            Low = low,
            High = high,
            P = p,
            ExactMatch = hasTexts ? draws.Matches(a, b, onlyA, onlyB) : null,
        };
    }

    /// <summary>Rows that are right or wrong in both runs, and those that only one of them got right.</summary>
    private static (int Both, int OnlyA, int OnlyB) Rights(ComparedRun a, ComparedRun b)
    {
        int both = 0, onlyA = 0, onlyB = 0;
        foreach ((Prediction first, Prediction second) in a.Predictions!.Zip(b.Predictions!))
        {
            if ((first.Correct, second.Correct) is (bool firstRight, bool secondRight))
            {
                both++;
                onlyA += firstRight && !secondRight ? 1 : 0;
                onlyB += secondRight && !firstRight ? 1 : 0;
            }
        }

        return (both, onlyA, onlyB);
    }

    /// <summary>
    /// Excludes runs with the final weights of another run: testing the same predictions again would inflate Holm's adjustment.
    /// </summary>
    private static PairRefusal? Repeated(ComparedRun a, ComparedRun b, Dictionary<string, ComparedRun> originals)
    {
        if (originals[a.Id] == originals[b.Id])
        {
            return new PairRefusal("Both runs ended with identical weights: they are one result.", []);
        }

        List<string> repeated = [.. new[] { a, b }.Where(run => originals[run.Id] != run).Select(run => run.Id)];
        return repeated.Count == 0
            ? null
            : new PairRefusal(
                "One run ended with the same weights as another run of this comparison; these count as one result.", repeated);
    }

    /// <summary>Maps each run to the first one with the same seed, evaluation and final weights, which is usually itself.</summary>
    private static Dictionary<string, ComparedRun> Originals(IReadOnlyList<ComparedRun> runs)
    {
        Dictionary<object, ComparedRun> first = [];
        Dictionary<string, ComparedRun> originals = [];
        foreach (ComparedRun run in runs)
        {
            originals[run.Id] = run;
            if (run is { Completed: true, Fingerprint: { Adapter.FinalSha256: string weights } fingerprint })
            {
                object key = (weights, run.Seed, string.Join(' ', Requirement.All.Select(requirement => requirement.Read(fingerprint))));
                originals[run.Id] = first.TryGetValue(key, out ComparedRun? original) ? original : first[key] = run;
            }
        }

        return originals;
    }
}
