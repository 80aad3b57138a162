using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Comparison;

/// <summary><c>/compare</c>: methods over seeds, and their exports.</summary>
[Collection(nameof(SharedServer))]
public sealed class MethodsOverSeedsTests(ScriptedServer fixture)
{
    private static readonly int[] _lora = [2, 3, 4, 3, 2];
    private static readonly int[] _pissa = [4, 4, 5, 6, 2];
    private readonly ScriptedRuns _runs = new(fixture.Api);

    [Fact]
    public async Task Compare_FiveSeeds_MethodsAreTestedPairedBySeed()
    {
        List<RunDocument> lora = await SeedsAsync("lora", _lora);
        List<RunDocument> pissa = await SeedsAsync("pissa", _pissa);
        List<RunDocument> plus = await SeedsAsync("lora-plus", _lora);

        CompareDocument document = await _runs.CompareAsync([.. lora, .. pissa, .. plus]);

        MethodComparison methods = document.Methods;
        Assert.Equal(["lora", "pissa", "lora-plus"], methods.Groups.Select(group => group.Label));
        // By hand: 0.90, 0.85, 0.80, 0.85, 0.90: mean 0.86, squares 0.0070, s = √(0.0070/4); t(0.975; 4) = 2.776445.
        SeedStatistics accuracy = methods.Groups[0].Result;
        Assert.Equal(5, accuracy.N);
        Assert.Equal(0.86, accuracy.Mean, 1e-12);
        Assert.Equal(Math.Sqrt(0.00175), accuracy.StandardDeviation!.Value, 1e-12);
        Assert.Equal(0.86 - (2.776445 * Math.Sqrt(0.00175 / 5)), accuracy.Low!.Value, 1e-7);
        Assert.Equal(0.86 + (2.776445 * Math.Sqrt(0.00175 / 5)), accuracy.High!.Value, 1e-7);
        Assert.Equal(accuracy, methods.Groups[0].MacroF1);
        Assert.Equal([1L, 2, 3, 4, 5], methods.Groups[0].Seeds.Select(seed => seed.Seed));

        // Differences 0.10, 0.05, 0.05, 0.15, 0: mean 0.07, squares 0.0130, s = √(0.0130/4), t = 0.07/√(0.00325/5). For four degrees
        // of freedom P(|T| ≥ t) = 1 − sin θ·(1 + cos²θ/2) with tan θ = t/2 (Abramowitz and Stegun, 26.7.4).
        double t = 0.07 / Math.Sqrt(0.00325 / 5);
        double theta = Math.Atan(t / 2);
        double p = 1 - (Math.Sin(theta) * (1 + (Math.Cos(theta) * Math.Cos(theta) / 2)));
        MethodPair pair = methods.Pairs[0];
        Assert.Equal((5, 4), (pair.CommonSeeds, pair.DegreesOfFreedom));
        Assert.Equal(0.07, pair.Difference!.Value, 1e-12);
        Assert.Equal(Math.Sqrt(0.00325), pair.StandardDeviation!.Value, 1e-12);
        Assert.Equal(t, pair.T!.Value, 1e-9);
        Assert.Equal(p, pair.P!.Value, 1e-9);
        Assert.Equal(0.07 - (2.776445 * Math.Sqrt(0.00325 / 5)), pair.Low!.Value, 1e-7);
        Assert.Equal(
            "The difference is 0.00 percentage points for all 5 seeds, which leaves no variance to test against.",
            methods.Pairs[1].NotTestedReason);
        // pissa and lora-plus: the same test with the other sign; Holm over the two that were made.
        Assert.Equal(-t, methods.Pairs[2].T!.Value, 1e-9);
        Assert.Equal(2, methods.Tested);
        Assert.Equal(2 * p, pair.HolmP!.Value, 1e-9);
        Assert.Equal(2 * p, methods.Pairs[2].HolmP!.Value, 1e-9);
        Assert.Contains("method", pair.Factors);
        Assert.DoesNotContain("seed", document.Factors.Select(factor => factor.Field));
        await AssertExportsAsync(lora.Concat(pissa));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Compare_FourCommonSeeds_AreTooFew()
    {
        List<RunDocument> lora = await SeedsAsync("lora", _lora);
        List<RunDocument> pissa = await SeedsAsync("pissa", _pissa[..4]);
        RunDocument elsewhere = await _runs.RunAsync("fingerprint wrong=0", "pissa", seed: 77);

        CompareDocument document = await _runs.CompareAsync([.. lora, .. pissa, elsewhere]);

        MethodPair pair = Assert.Single(document.Methods.Pairs);
        Assert.Equal("n = 4: too few common seeds for a test", pair.NotTestedReason);
        Assert.Equal((0, null, null, null), (document.Methods.Tested, pair.P, pair.Low, pair.StandardDeviation));
        Assert.Equal([5, 5], document.Methods.Groups.Select(group => group.Result.N));
        // 0.90 − 0.80, 0.85 − 0.80, 0.80 − 0.75, 0.85 − 0.70: a mean, which is no test.
        Assert.Equal(0.35 / 4, pair.Difference!.Value, 1e-12);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Compare_SeedThatChangesNothing_IsOneResult()
    {
        List<RunDocument> pissa = await SeedsAsync("pissa", [2, 2, 2, 2, 2], "final=same");

        CompareDocument document = await _runs.CompareAsync(pissa);

        MethodGroup group = Assert.Single(document.Methods.Groups);
        Assert.Equal((1, null, null), (group.Result.N, group.Result.StandardDeviation, group.Result.Low));
        Assert.Equal("A confidence interval requires at least two seeds.", group.Result.NoIntervalReason);
        Assert.Equal(5, group.Runs.Count);
        Assert.Contains(
            "pissa-1, pissa-2, pissa-3, pissa-4, pissa-5 ended with identical weights and count as one result; the seed had no effect.",
            document.Notes);
    }

    [Fact]
    public async Task Compare_OneSettingApart_IsAnotherConditionAndOneOfTheMachineIsNot()
    {
        RunDocument first = await _runs.RunAsync("fingerprint wrong=0", seed: 1);
        RunDocument elsewhere = await _runs.RunAsync("fingerprint wrong=0,1", seed: 2, change: spec =>
        {
            spec["device"] = "cpu";
            spec["tags"] = new System.Text.Json.Nodes.JsonArray("x");
            spec["memoryBudgetMb"] = 900;
        });
        RunDocument repeated = await _runs.RunAsync("fingerprint wrong=0-3", seed: 2);
        RunDocument higher = await _runs.RunAsync("fingerprint wrong=0", seed: 1, change: spec => spec["rank"] = 16);

        CompareDocument document = await _runs.CompareAsync(first, elsewhere, repeated, higher);

        Assert.Equal(["lora (rank 8)", "lora (rank 16)"], document.Methods.Groups.Select(group => group.Label));
        Assert.Equal(8, (int?)document.Methods.Groups[0].Settings["rank"]);
        // Two results for seed 2, 0.90 and 0.80: their mean counts as one result.
        Assert.Equal([0.95, 0.85], document.Methods.Groups[0].Seeds.Select(seed => Math.Round(seed.Accuracy!.Value, 12)));
        Assert.Contains("lora (rank 8) has 2 results for seed 2: their mean counts as one result.", document.Notes);
        Assert.Equal("n = 1: too few common seeds for a test", Assert.Single(document.Methods.Pairs).NotTestedReason);
    }

    [Fact]
    public async Task Compare_SeedsWithoutSpread_HaveNoInterval()
    {
        CompareDocument document = await _runs.CompareAsync(await SeedsAsync("lora", [3, 3]));

        SeedStatistics accuracy = Assert.Single(document.Methods.Groups).Result;
        Assert.Equal((2, 0.0, null), (accuracy.N, accuracy.StandardDeviation, accuracy.Low));
        Assert.StartsWith("All seeds gave the same value", accuracy.NoIntervalReason, StringComparison.Ordinal);
    }

    private async Task AssertExportsAsync(IEnumerable<RunDocument> of)
    {
        string query = $"{ApiRoutes.CompareExport}?runs={string.Join(',', of.Select(run => run.Id))}&format=";
        string tex = await fixture.Server.Http.GetStringAsync(query + "tex");
        Assert.Contains("90.0 [69.9, 97.2]", tex, StringComparison.Ordinal);
        Assert.Contains("$86.0 \\pm 4.2$ & [80.8, 91.2]", tex, StringComparison.Ordinal);
        Assert.Contains("lora & pissa & 5 & 7.0 & 2.75 & 0.052", tex, StringComparison.Ordinal);
        Assert.Contains("two checkpoints", tex, StringComparison.Ordinal);

        string[][] csv = Cells(await fixture.Server.Http.GetStringAsync(query + "csv"));
        Assert.Equal("0.9", csv[1][Array.IndexOf(csv[0], "eval/accuracy")]);
        // 18/20 by hand: (18 + z²/2 ∓ z·√(18·2/20 + z²/4)·…)/(20 + z²) = [0.69897, 0.97213].
        Assert.Equal(0.69897, double.Parse(csv[1][Array.IndexOf(csv[0], "accuracyLow")], CultureInfo.InvariantCulture), 0.00005);
        Assert.Equal(0.97213, double.Parse(csv[1][Array.IndexOf(csv[0], "accuracyHigh")], CultureInfo.InvariantCulture), 0.00005);
        Assert.Equal("2", csv[1][Array.IndexOf(csv[0], "bestOfEvaluations")]);

        string[][] pairs = Cells(await fixture.Server.Http.GetStringAsync(query + "csv&table=pairs"));
        Assert.Equal(1 + (10 * 9 / 2), pairs.Length);
        Assert.Equal(5, pairs.Skip(1).Count(row => row[Array.IndexOf(pairs[0], "p")] != ""));
        string[][] methods = Cells(await fixture.Server.Http.GetStringAsync(query + "csv&table=methods"));
        Assert.Equal(["lora", "pissa"], methods.Skip(1).Select(row => row[Array.IndexOf(methods[0], "label")]));
        Assert.Equal("1 2 3 4 5", methods[1][Array.IndexOf(methods[0], "seedList")]);
    }

    private static string[][] Cells(string csv) =>
        [.. csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(','))];

    /// <summary>One run per number of wrong rows, with the seeds 1, 2, 3 …</summary>
    private async Task<List<RunDocument>> SeedsAsync(string method, int[] wrong, string words = "")
    {
        List<RunDocument> submitted = [];
        for (int i = 0; i < wrong.Length; i++)
        {
            submitted.Add(await _runs.SubmitAsync($"fingerprint wrong=0-{wrong[i] - 1} {words}", method, seed: i + 1));
        }

        List<RunDocument> ended = [];
        foreach (RunDocument run in submitted)
        {
            ended.Add(await fixture.Api.WaitForEndAsync(run.Id));
        }

        return ended;
    }
}
