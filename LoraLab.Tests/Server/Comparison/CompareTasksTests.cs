using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using Xunit;

namespace LoraLab.Tests.Server.Comparison;

/// <summary>Comparisons of runs of other tasks than labels of a sentence.</summary>
[Collection(nameof(SharedServer))]
public sealed class CompareTasksTests(ScriptedServer fixture)
{
    private readonly ScriptedRuns _runs = new(fixture.Api);

    [Fact]
    public async Task Compare_Completions_AreTestedByTheirLossAndTheirMatches()
    {
        RunDocument a = await CompletionAsync("wrong=0-3 loss=0.5", "lora");
        RunDocument b = await CompletionAsync("wrong=0-9 loss=0.5", "pissa");

        CompareDocument document = await _runs.CompareAsync(a, b);

        PairedTest pair = Assert.Single(document.PairedTests.Pairs);
        Assert.Equal(MetricKeys.EvalLoss, document.PairedTests.Metric);
        Assert.StartsWith(
            "paired bootstrap of the evaluation loss (10,000 draws of the rows)",
            document.PairedTests.Test,
            StringComparison.Ordinal);
        // Six of twenty rows cost 1 more per token in b; which ones decides the share of the tokens.
        Assert.InRange(pair.Difference!.Value, -0.6, -0.1);
        Assert.True(pair.Low < pair.Difference && pair.Difference < pair.High && pair.High < 0);
        Assert.InRange(pair.P!.Value, 0, 0.01);
        Assert.Equal((6, 0), (pair.B, pair.C));
        // McNemar: 2/2⁶.
        Assert.Equal((20, 0.3), (pair.ExactMatch!.Rows, pair.ExactMatch.Difference));
        Assert.Equal(2.0 / 64, pair.ExactMatch.McNemarP, 1e-12);
        Assert.True(pair.ExactMatch.Low < 0.3 && pair.ExactMatch.High > 0.3);
        Assert.Equal(
            $"{a.Name} is better than {b.Name} in evaluation loss by {NumberFormat.Number(-pair.Difference.Value)}, 95% interval "
                + $"{NumberFormat.Number(-pair.High!.Value)} to {NumberFormat.Number(-pair.Low!.Value)} (paired bootstrap, Holm, n = 20; "
                + $"adjusted {NumberFormat.PStatement(pair.HolmP!.Value)}).",
            document.Verdict);
        Assert.Contains(new CompareMark(a.Id, MetricKeys.EvalLoss), document.Marks);
        PairedTest again = (await _runs.CompareAsync(a, b)).PairedTests.Pairs[0];
        Assert.Equal((pair.Low, pair.High, pair.P), (again.Low, again.High, again.P));
        Assert.All(document.Rows, row => Assert.Equal((null, null), (row.Accuracy, row.MajorityBaseline)));
        Assert.All(document.Methods.Groups, group => Assert.Equal(MetricKeys.EvalLoss, group.Metric));
        foreach (string format in (string[])["csv", "csv&table=pairs", "csv&table=methods", "tex", "json"])
        {
            string text = await fixture.Api.Http.GetStringAsync($"{ApiRoutes.CompareExport}?runs={a.Id},{b.Id}&format={format}");
            Assert.DoesNotContain("ccuracy (", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Compare_RowsOfTwoRuns_AreThoseThatOneGotRight()
    {
        RunDocument a = await PairsAsync("wrong=0-3", "lora");
        RunDocument b = await PairsAsync("wrong=2-5", "pissa");

        CompareRows onlyA = await RowsAsync(a, b, "&show=onlyA");
        CompareRows onlyB = await RowsAsync(a, b, "&show=onlyB&q=violin");
        CompareRows all = await RowsAsync(a, b, "&show=all&sort=difference&limit=2");

        Assert.Equal([4, 5], onlyA.Items.Select(row => row.A.Row));
        Assert.Equal((20, 20, 2, 2, 2), (onlyA.Rows, onlyA.Judged, onlyA.OnlyA, onlyA.OnlyB, onlyA.Total));
        Assert.All(onlyA.Items, row => Assert.Equal((true, false), (row.A.Correct, row.B.Correct)));
        Assert.Contains("violin", Assert.Single(onlyB.Items).A.Columns!["premise"], StringComparison.Ordinal);
        Assert.Equal((2, 20), (all.Items.Count, all.Total));
        Assert.All(all.Items, row => Assert.NotEqual(0, row.Difference));
    }

    // Twenty rows, ten of each label; wrong are 2 of each in a, so that its Matthews correlation is 0.6, and 5 of each in b: 0.
    [Fact]
    public async Task Compare_DatasetsMetric_IsTestedAndComesFirst()
    {
        RunDocument a = await _runs.RunAsync("fingerprint metric=eval/mcc wrong=0-3");
        RunDocument b = await _runs.RunAsync("fingerprint metric=eval/mcc wrong=0-9", "pissa");

        CompareDocument document = await _runs.CompareAsync(a, b);

        Assert.Equal((MetricKeys.EvalMcc, MetricKeys.EvalMcc), (a.Metric, document.PairedTests.Metric));
        Assert.StartsWith(
            "paired bootstrap of the Matthews correlation (10,000 draws of the rows)", document.PairedTests.Test, StringComparison.Ordinal);
        PairedTest pair = Assert.Single(document.PairedTests.Pairs);
        Assert.Equal(0.6, pair.Difference!.Value, 1e-12);
        Assert.InRange(pair.Low!.Value, 0, 0.59);
        Assert.InRange(pair.High!.Value, 0.61, 1.1);
        Assert.InRange(pair.P!.Value, 0.0005, 0.02);
        Assert.Equal((6, 0, null), (pair.B, pair.C, pair.ExactMatch));
        Assert.StartsWith($"{a.Name} is better than {b.Name} in Matthews correlation by 0.6, 95% interval ", document.Verdict);
        Assert.All(document.Methods.Groups, group => Assert.Equal(MetricKeys.EvalMcc, group.Metric));
        string csv = await fixture.Api.Http.GetStringAsync($"{ApiRoutes.CompareExport}?runs={a.Id},{b.Id}&format=csv");
        Assert.StartsWith("runId,name,method,state,eval/mcc,eval/accuracy", csv, StringComparison.Ordinal);
        Assert.Contains("Matthews correlation & Accuracy", await fixture.Api.Http.GetStringAsync(
            $"{ApiRoutes.CompareExport}?runs={a.Id},{b.Id}&format=tex"));
    }

    [Fact]
    public async Task Compare_DifferentPrimaryMetrics_IsSaidAndNotTested()
    {
        RunDocument a = await _runs.RunAsync("fingerprint wrong=0-3");
        RunDocument b = await _runs.RunAsync("fingerprint metric=eval/mcc wrong=0-9", "pissa");
        RunDocument c = await _runs.RunAsync("fingerprint metric=eval/mcc wrong=0-5", "lora-xs");

        CompareDocument document = await _runs.CompareAsync(a, b, c);

        Assert.Equal("The runs have different primary metrics, so there is no best one.", document.Verdict);
        Assert.Contains(document.Notes, note => note.StartsWith(
            $"The runs have different primary metrics (accuracy: {a.Name}; Matthews correlation: {b.Name}, {c.Name})",
            StringComparison.Ordinal));
        Assert.Equal(
            [
                "The runs have different primary metrics, accuracy and Matthews correlation.",
                "The runs have different primary metrics, accuracy and Matthews correlation.",
                "The tests are of the accuracy, the primary metric of the first run, but theirs is the Matthews correlation; compare them "
                    + "without the other runs.",
            ],
            document.PairedTests.Pairs.Select(pair => pair.NotTestedReason));
        Assert.Contains(document.Methods.Pairs, pair => pair.NotTestedReason?.Contains("different primary metrics") == true);
    }

    [Fact]
    public async Task Compare_RunsOfDifferentTasks_AreNotCompared()
    {
        RunDocument a = await PairsAsync("wrong=0-3", "lora");
        RunDocument b = await CompletionAsync("wrong=0-3", "lora");

        CompareDocument document = await _runs.CompareAsync(a, b);
        JsonObject problem = await fixture.Api.RefusedAsync(
            HttpStatusCode.Conflict, HttpMethod.Get, $"{ApiRoutes.Compare}/rows?runs={a.Id},{b.Id}");

        Assert.Equal("The runs are of different tasks, so there is no best one.", document.Verdict);
        Assert.Equal(
            "The runs are of different tasks, Classification by prompt and Completion.",
            Assert.Single(document.PairedTests.Pairs).NotTestedReason);
        Assert.Contains(document.Notes, note => note.StartsWith("The runs are of different tasks", StringComparison.Ordinal));
        Assert.Contains("different tasks", (string?)problem["detail"], StringComparison.Ordinal);
    }

    private Task<RunDocument> PairsAsync(string words, string method) =>
        _runs.RunAsync($"fingerprint {words}", method, change: spec => spec["dataset"] = "pairs");

    private Task<RunDocument> CompletionAsync(string words, string method) => _runs.RunAsync($"fingerprint {words}", method, change: spec =>
    {
        spec["dataset"] = "instructions";
        spec["generateSamples"] = ScriptedRuns.Rows;
    });

    private Task<CompareRows> RowsAsync(RunDocument a, RunDocument b, string query) =>
        fixture.Api.ReadAsync<CompareRows>($"{ApiRoutes.Compare}/rows?runs={a.Id},{b.Id}{query}");
}
