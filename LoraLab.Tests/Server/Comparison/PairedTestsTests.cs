using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using Xunit;

namespace LoraLab.Tests.Server.Comparison;

/// <summary>
/// <c>/compare</c>: results of each run and pairwise tests of checkpoints, with a real server and files in run directories.
/// </summary>
[Collection(nameof(SharedServer))]
public sealed class PairedTestsTests(ScriptedServer fixture)
{
    private readonly ScriptedRuns _runs = new(fixture.Api);

    [Fact]
    public async Task Compare_RunsOfOneSeed_AreTestedWithHolmOverAllPairs()
    {
        RunDocument a = await _runs.RunAsync("fingerprint wrong=0-7");
        RunDocument b = await _runs.RunAsync("fingerprint wrong=0,8", "lora-plus");
        RunDocument c = await _runs.RunAsync("fingerprint wrong=", "pissa");

        CompareDocument document = await _runs.CompareAsync(a, b, c);

        Assert.Equal("two checkpoints", document.PairedTests.Label);
        Assert.Equal(3, document.PairedTests.Tested);
        // By hand: only a right on row 8, only b right on rows 1 to 7: 2·(1 + 8)/2⁸; none and 8: 2/2⁸; none and 2: 2/2².
        // Holm: 3·0.0078125, 2·0.0703125, 1·0.5.
        AssertTest(document, a, b, 1, 7, 18.0 / 256, 2 * 18.0 / 256);
        AssertTest(document, a, c, 0, 8, 2.0 / 256, 3 * 2.0 / 256);
        AssertTest(document, b, c, 0, 2, 0.5, 0.5);
        Assert.All(document.Requirements, requirement => Assert.True(requirement.Same));
        Assert.Equal(
            ["evaluation rows", "prompt", "label ids", "base weights", "tokenizer"],
            document.Requirements.Select(requirement => requirement.Name));
    }

    // 12/20 by hand: center (12 + z²/2)/(20 + z²) = 0.58389, half width z·√(12·8/20 + z²/4)/(20 + z²) = 0.19731.
    [Fact]
    public async Task Compare_EachRun_HasItsIntervalItsBaselineAndAnOptimisticBest()
    {
        RunDocument run = await _runs.RunAsync("wrong=0-7");

        CompareRow row = Assert.Single((await _runs.CompareAsync(run)).Rows);

        Assert.Equal((12, 20, 0.6), (row.Accuracy!.Correct, row.Accuracy.Rows, row.Accuracy.Value));
        Assert.Equal(0.38658, row.Accuracy.Low, 0.00005);
        Assert.Equal(0.78120, row.Accuracy.High, 0.00005);
        Assert.Equal(0.5, row.MajorityBaseline);
        Assert.Equal(0.6, row.MacroF1);
        Assert.Equal(new BestEvaluation(0.6, 1, 2, true), row.Best);
    }

    [Theory]
    [InlineData("evalHash=other", "evaluation rows")]
    [InlineData("promptHash=other", "prompt")]
    [InlineData("labelIds=other", "label ids")]
    [InlineData("weights=other", "base weights")]
    [InlineData("tokenizer=other", "tokenizer")]
    public async Task Compare_WhatMustBeTheSameDiffers_IsRefusedWithIt(string word, string name)
    {
        RunDocument a = await _runs.RunAsync("fingerprint wrong=1");
        RunDocument b = await _runs.RunAsync($"fingerprint wrong=2 {word}", "pissa");

        CompareDocument document = await _runs.CompareAsync(a, b);

        AssertRefused(document, $"The runs differ in {name}.");
        Assert.Equal([name], document.Requirements.Where(requirement => requirement.Same == false).Select(requirement => requirement.Name));
    }

    [Fact]
    public async Task Compare_SeedsDiffer_IsRefused()
    {
        RunDocument a = await _runs.RunAsync("fingerprint wrong=1");
        RunDocument b = await _runs.RunAsync("fingerprint wrong=2", seed: 43);

        AssertRefused(await _runs.CompareAsync(a, b), "The seeds differ: only runs with the same seed are paired.");
    }

    [Fact]
    public async Task Compare_OrderDiffers_IsTestedWithTheOrderAsAFactor()
    {
        RunDocument a = await _runs.RunAsync("fingerprint wrong=1");
        RunDocument b = await _runs.RunAsync("fingerprint wrong=2", change: spec => spec["orderSeed"] = 7);

        CompareDocument document = await _runs.CompareAsync(a, b);

        PairedTest pair = Assert.Single(document.PairedTests.Pairs);
        Assert.Null(pair.NotTestedReason);
        Assert.NotNull(pair.P);
        Assert.Contains("orderSeed", pair.Factors);
    }

    [Fact]
    public async Task Compare_FilesMissingOrDamaged_IsRefusedAndNeverFails()
    {
        RunDocument whole = await _runs.RunAsync("fingerprint wrong=1");
        RunDocument bare = await _runs.RunAsync("wrong=2", "pissa");
        RunDocument damaged = await _runs.RunAsync("fingerprint wrong=2", "lora-xs");
        RunDocument torn = await _runs.RunAsync("fingerprint wrong=2", "lora-plus");
        RunDocument gone = await _runs.RunAsync("fingerprint wrong=2", "lora-swapped");
        foreach (string content in (string[])["{\"schemaVersion\":1,\"model\":{", "{}", "null", "", "[]"])
        {
            File.WriteAllText(PathOf(damaged, RunFiles.Fingerprint), content);
            AssertRefused(
                await _runs.CompareAsync(whole, damaged),
                "A fingerprint is missing or damaged, so it is unknown what was evaluated.",
                damaged);
        }

        string predictions = PathOf(torn, RunFiles.PredictionsAt(1));
        string[] lines = File.ReadAllLines(predictions);
        File.WriteAllLines(predictions, lines[..^1]);
        AssertRefused(await _runs.CompareAsync(whole, torn), "The predictions of the last evaluation are missing or damaged.", torn);
        File.WriteAllLines(predictions, [.. lines[..^1], "x,0,0,-1,-1"]);
        AssertRefused(await _runs.CompareAsync(whole, torn), "The predictions of the last evaluation are missing or damaged.", torn);
        File.WriteAllLines(predictions, [.. lines[..^1], "99,0,0,-1,-1"]);
        AssertRefused(await _runs.CompareAsync(whole, torn), "The prediction files do not list the same rows.");

        File.Delete(PathOf(gone, RunFiles.PredictionsAt(1)));
        AssertRefused(await _runs.CompareAsync(whole, gone), "The predictions of the last evaluation are missing or damaged.", gone);
        CompareDocument unknown = await _runs.CompareAsync(whole, bare);
        AssertRefused(unknown, "A fingerprint is missing or damaged, so it is unknown what was evaluated.", bare);
        Assert.All(unknown.Requirements, requirement => Assert.Null(requirement.Same));
    }

    [Fact]
    public async Task Compare_UnfinishedRun_HasFiguresButNoTest()
    {
        RunDocument done = await _runs.RunAsync("fingerprint wrong=1");
        RunDocument failed = await _runs.RunAsync("fingerprint fail", "pissa");

        CompareDocument document = await _runs.CompareAsync(done, failed);

        AssertRefused(document, "Only completed runs are tested.", failed);
        Assert.Equal((10, 20), (document.Rows[1].Accuracy!.Correct, document.Rows[1].Accuracy!.Rows));
        Assert.False(document.Rows[1].Best!.Optimistic);
        Assert.Equal(["lora"], document.Methods.Groups.Select(group => group.Label));
        Assert.Contains(document.Notes, note => note.StartsWith("Not significantly better than always predicting", StringComparison.Ordinal)
            && note.EndsWith(": pissa-42.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Compare_SameFinalWeights_CountOnce()
    {
        RunDocument a = await _runs.RunAsync("fingerprint wrong=1 final=same", change: spec => spec["name"] = "first");
        RunDocument again = await _runs.RunAsync("fingerprint wrong=1 final=same", change: spec => spec["name"] = "second");
        RunDocument other = await _runs.RunAsync("fingerprint wrong=2", "pissa");

        CompareDocument document = await _runs.CompareAsync(a, again, other);

        Assert.Equal(1, document.PairedTests.Tested);
        Assert.Equal("Both runs ended with identical weights: they are one result.", Pair(document, a, again).NotTestedReason);
        Assert.Equal(
            "One run ended with the same weights as another run of this comparison; these count as one result.",
            Pair(document, again, other).NotTestedReason);
        Assert.Equal([again.Id], Pair(document, again, other).NotTestedRuns);
        Assert.Null(Pair(document, a, other).NotTestedReason);
        Assert.Contains("first, second ended with identical weights and count as one result.", document.Notes);
        Assert.Equal([1, 1], document.Methods.Groups.Select(group => group.Result.N));
    }

    [Fact]
    public async Task Compare_EveryOtherDifference_IsAFactorAndForbidsNothing()
    {
        RunDocument a = await _runs.RunAsync("fingerprint wrong=1", change: spec => spec["learningRate"] = 1e-3);
        RunDocument b =
            await _runs.RunAsync("fingerprint wrong=2 threads=8 torch=2.11.0 trainHash=other", change: spec => spec["learningRate"] = 2e-3);
        RunDocument same = await _runs.RunAsync("fingerprint wrong=3", change: spec => spec["learningRate"] = 1e-3);

        CompareDocument document = await _runs.CompareAsync(a, b, same);

        string[] expected = ["learningRate", "training.filesSha256", "environment.threads", "environment.versions.libtorch"];
        Assert.Equal(expected, document.Factors.Select(factor => factor.Field));
        Assert.Equal(
            [FactorSource.Specification, FactorSource.Fingerprint, FactorSource.Environment, FactorSource.Environment],
            document.Factors.Select(factor => factor.Source));
        Assert.Equal((1, 8), ((int?)document.Factors[2].Values[a.Id], (int?)document.Factors[2].Values[b.Id]));
        Assert.Equal(expected, Pair(document, a, b).Factors);
        Assert.Empty(Pair(document, a, same).Factors);
        Assert.Equal(3, document.PairedTests.Tested);
    }

    private string PathOf(RunDocument run, string file) => Path.Combine(fixture.Server.DataDirectory, "runs", run.Id, file);

    private static PairedTest Pair(CompareDocument document, RunDocument a, RunDocument b) =>
        document.PairedTests.Pairs.Single(pair => pair.RunA == a.Id && pair.RunB == b.Id);

    private static void AssertTest(CompareDocument document, RunDocument a, RunDocument b, int onlyA, int onlyB, double p, double holm)
    {
        PairedTest pair = Pair(document, a, b);
        Assert.Null(pair.NotTestedReason);
        Assert.Equal((onlyA, onlyB, ScriptedRuns.Rows), (pair.B, pair.C, pair.Rows));
        Assert.Equal((onlyA - onlyB) / (double)ScriptedRuns.Rows, pair.Difference!.Value, 1e-12);
        Assert.Equal(p, pair.P!.Value, 1e-12);
        Assert.Equal(holm, pair.HolmP!.Value, 1e-12);
    }

    private static void AssertRefused(CompareDocument document, string reason, params RunDocument[] about)
    {
        PairedTest pair = Assert.Single(document.PairedTests.Pairs);
        Assert.Equal(about.Select(run => run.Id), pair.NotTestedRuns);
        Assert.Equal(reason, pair.NotTestedReason);
        Assert.Equal((0, null, null, null), (document.PairedTests.Tested, pair.B, pair.P, pair.HolmP));
    }
}
