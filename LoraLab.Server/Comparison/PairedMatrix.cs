using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Comparison;

/// <summary>Exact McNemar tests for every pair of runs that can be paired, Holm-adjusted over all tested pairs.</summary>
internal static class PairedMatrix
{
    public static PairedTests Of(IReadOnlyList<ComparedRun> runs, FactorTable factors)
    {
        Dictionary<string, ComparedRun> originals = Originals(runs);
        List<PairedTest> pairs = [];
        for (int first = 0; first < runs.Count; first++)
        {
            for (int second = first + 1; second < runs.Count; second++)
            {
                pairs.Add(Test(runs[first], runs[second], originals) with { Factors = factors.Between(runs[first], runs[second]) });
            }
        }

        List<PairedTest> tested = [.. pairs.Where(pair => pair.P is not null)];
        Queue<double> adjusted = new(HolmAdjustment.Adjust([.. tested.Select(pair => pair.P!.Value)]));
        return new PairedTests
        {
            Tested = tested.Count,
            Pairs = [.. pairs.Select(pair => pair.P is null ? pair : pair with { HolmP = adjusted.Dequeue() })],
        };
    }

    private static PairedTest Test(ComparedRun a, ComparedRun b, Dictionary<string, ComparedRun> originals)
    {
        PairedTest pair = new() { RunA = a.Id, RunB = b.Id };
        if ((PairRefusal.Of(a, b) ?? Repeated(a, b, originals)) is PairRefusal refused)
        {
            return pair with { NotTestedReason = refused.Reason, NotTestedRuns = refused.Runs };
        }

        int onlyA = 0;
        int onlyB = 0;
        foreach ((Prediction first, Prediction second) in a.Predictions!.Zip(b.Predictions!))
        {
            bool firstRight = first.Predicted == first.Label;
            bool secondRight = second.Predicted == second.Label;
            onlyA += firstRight && !secondRight ? 1 : 0;
            onlyB += secondRight && !firstRight ? 1 : 0;
        }

        int rows = a.Predictions!.Count;
        return pair with
        {
            Rows = rows,
            B = onlyA,
            C = onlyB,
            Difference = (double)(onlyA - onlyB) / rows,
            P = McNemarTest.PValue(onlyA, onlyB),
        };
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
