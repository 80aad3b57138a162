using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison;
using Xunit;

namespace LoraLab.Tests.Server.Comparison;

/// <summary>The sentence that a comparison begins with.</summary>
public sealed class CompareVerdictTests
{
    [Fact]
    public void Of_NoPairOfFiveDiffers_SaysSoWithTestAndRows()
    {
        CompareRow[] rows = Rows("a", "b", "c", "d", "e");
        PairedTest[] pairs = [.. AllPairs(rows, pair => pair with { Rows = 700, Difference = 0.01, P = 0.4, HolmP = 1 })];

        Assert.Equal(
            "No pair of the five runs differs significantly in accuracy (McNemar, Holm, n = 700).",
            CompareVerdict.Of(rows, Tests(pairs), new MethodComparison()));
    }

    [Fact]
    public void Of_SomePairsWereNotTested_SpeaksOfTheTestedOnly()
    {
        CompareRow[] rows = Rows("a", "b", "c");
        PairedTest[] pairs = [.. AllPairs(rows, pair => pair.RunB == "c"
            ? pair with { NotTestedReason = "The runs differ in prompt." }
            : pair with { Rows = 20, Difference = 0.01, P = 0.4, HolmP = 0.4 })];

        Assert.Equal(
            "The only tested pair of the three runs does not differ significantly in accuracy (McNemar, Holm, n = 20).",
            CompareVerdict.Of(rows, Tests(pairs), new MethodComparison()));
    }

    [Fact]
    public void Of_OnePairDiffers_NamesTheBetterWhicheverComesFirst()
    {
        CompareRow[] rows = Rows("a", "b");

        Assert.Equal(
            "run b is better than run a in accuracy by 35.0 points (McNemar, Holm, n = 1,000; adjusted p = 0.016).",
            CompareVerdict.Of(
                rows,
                Tests(new PairedTest { RunA = "a", RunB = "b", Rows = 1000, Difference = -0.35, P = 0.016, HolmP = 0.016 }),
                new MethodComparison()));
        Assert.Equal(
            "run a and run b do not differ significantly in accuracy (McNemar, Holm, n = 20).",
            CompareVerdict.Of(
                rows,
                Tests(new PairedTest { RunA = "a", RunB = "b", Rows = 20, Difference = 0.05, P = 1, HolmP = 1 }),
                new MethodComparison()));
    }

    [Fact]
    public void Of_OneBeatsAll_GivesTheRangeAndOfSeveralPairsTheirNumber()
    {
        CompareRow[] rows = Rows("a", "b", "c");
        PairedTest[] all = [.. AllPairs(rows, pair => pair with
        {
            Rows = 500,
            Difference = pair.RunA == "a" ? (pair.RunB == "b" ? 0.021 : 0.053) : 0.03,
            P = 0.001,
            HolmP = pair.RunA == "a" ? 0.002 : 0.2,
        })];
        PairedTest[] two = [.. all.Select(pair => pair is { RunA: "a", RunB: "b" } ? pair with { HolmP = 0.3 }
            : pair.RunA == "b" ? pair with { HolmP = 0.04 } : pair)];

        Assert.Equal(
            "run a is better in accuracy than each of the two other runs, by 2.1 to 5.3 points (McNemar, Holm, n = 500).",
            CompareVerdict.Of(rows, Tests(all), new MethodComparison()));
        Assert.Equal(
            "run a is better than run c in accuracy by 5.3 points; two of 3 tested pairs differ significantly "
                + "(McNemar, Holm, n = 500; adjusted p = 0.002).",
            CompareVerdict.Of(rows, Tests(two), new MethodComparison()));
    }

    [Fact]
    public void Of_MethodsTestedOverSeeds_SpeaksOfThemAndNotOfRuns()
    {
        CompareRow[] rows = Rows("a", "b");
        MethodComparison methods = new()
        {
            Groups = [Group("g1", "pissa"), Group("g2", "lora-plus")],
            Tested = 1,
            Pairs =
            [
                new MethodPair
                {
                    GroupA = "g1",
                    GroupB = "g2",
                    CommonSeeds = 5,
                    Difference = -0.021,
                    Low = -0.038,
                    High = -0.004,
                    P = 0.026,
                    HolmP = 0.026,
                },
            ],
        };

        Assert.Equal(
            "lora-plus is better than pissa in accuracy by 2.1 points, 95% interval 0.4 to 3.8 "
                + "(paired t test over seeds, Holm, n = 5; adjusted p = 0.026).",
            CompareVerdict.Of(rows, Tests(), methods));
    }

    [Fact]
    public void Of_LowerIsBetter_TurnsDifferenceAndIntervalAround()
    {
        CompareRow[] rows = [.. Rows("a", "b").Select(row => row with { Task = "completion", Metric = MetricKeys.EvalLoss })];
        PairedTests tests = Tests(new PairedTest
        {
            RunA = "a",
            RunB = "b",
            Rows = 20,
            Difference = -0.3,
            Low = -0.4,
            High = -0.2,
            P = 0.0002,
            HolmP = 0.0002,
        }) with
        { Metric = MetricKeys.EvalLoss };

        Assert.Equal(
            "run a is better than run b in evaluation loss by 0.3, 95% interval 0.2 to 0.4 "
                + "(paired bootstrap, Holm, n = 20; adjusted p < 0.001).",
            CompareVerdict.Of(rows, tests, new MethodComparison()));
    }

    [Fact]
    public void Of_NothingTested_SaysWhy()
    {
        CompareRow[] rows = Rows("a", "b");

        Assert.Equal(
            "The two runs cannot be tested against each other: the runs differ in evaluation rows.",
            CompareVerdict.Of(
                rows,
                Tests(new PairedTest { RunA = "a", RunB = "b", NotTestedReason = "The runs differ in evaluation rows." }),
                new MethodComparison()));
        Assert.Null(CompareVerdict.Of([rows[0], rows[1] with { State = RunState.Running }], Tests(), new MethodComparison()));
        Assert.Equal(
            "The runs are of different tasks, so there is no best one.",
            CompareVerdict.Of([rows[0], rows[1] with { Task = "completion" }], Tests(), new MethodComparison()));
    }

    private static CompareRow[] Rows(params string[] ids) =>
    [
        .. ids.Select(id => new CompareRow
        {
            RunId = id,
            Name = $"run {id}",
            Method = "lora",
            Color = "#1f77b4",
            State = RunState.Completed,
            Summary = new RunSummary()
                .After(MetricCatalog.Default.Of(MetricKeys.EvalAccuracy), 1, 0.8)
                .After(MetricCatalog.Default.Of(MetricKeys.EvalLoss), 1, 0.5),
        }),
    ];

    private static IEnumerable<PairedTest> AllPairs(CompareRow[] rows, Func<PairedTest, PairedTest> fill) =>
        rows.SelectMany((a, i) => rows[(i + 1)..].Select(b => fill(new PairedTest { RunA = a.RunId, RunB = b.RunId })));

    private static PairedTests Tests(params PairedTest[] pairs) =>
        new() { Pairs = pairs, Tested = pairs.Count(pair => pair.P is not null) };

    private static MethodGroup Group(string id, string label) => new() { Id = id, Label = label, Method = label };
}
