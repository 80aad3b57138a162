using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Server.Domain;
using LoraLab.Server.Runs.Groups;
using LoraLab.Web.Pages.Runs.Table;
using Xunit;

namespace LoraLab.Tests.Web.Runs;

/// <summary>The table of runs as it is shown and exported: columns, groups, differences, CSV and LaTeX.</summary>
public sealed class RunTableTests
{
    private static readonly string[] _columns = ["name", "rank", "seed", "eval/accuracy", "trainSeconds"];

    [Fact]
    public void Offered_HasEveryFieldOfTheSpecificationAndEveryMetric()
    {
        string[] keys = [.. TableColumns.Offered.Select(column => column.Key)];

        Assert.Empty(SpecFieldCatalog.Default.Names.Except(keys));
        Assert.Empty(MetricCatalog.Default.Summarized.Select(metric => metric.Key).Except(keys));
        Assert.Contains("eval/accuracy.best", keys);
        RunDocument run = Run("a", 0.9);
        Assert.All(TableColumns.Offered, column => Assert.NotEqual("System", (column.Text(run) ?? "").Split('.')[0]));
    }

    [Fact]
    public void Of_UnknownAndRepeatedColumns_AreLeftOut()
    {
        Assert.Equal(["alpha", "dropout"], TableColumns.Of(["alpha", "none", "dropout", "alpha"], []).Select(column => column.Key));
        Assert.Equal(TableColumns.Of([], []), TableColumns.Of(["none"], []));
    }

    [Fact]
    public void Toggle_AddedAndTakenAway_ReturnsToTheDefaultColumns()
    {
        IReadOnlyList<string> added = TableColumns.Toggle(TableColumns.Of([], []), "alpha", []);
        Assert.Equal("alpha", added[^1]);
        Assert.Equal("state", added[0]);

        Assert.Empty(TableColumns.Toggle(TableColumns.Of(added, []), "alpha", []));
    }

    [Fact]
    public void Of_GroupedBySeed_HasMeanDeviationAndNumberOfRuns()
    {
        RunTable table = Table(
            RunGrouping.Seeds,
            Run("a", 0.80, seed: 1),
            Run("b", 0.50, seed: 1, rank: 4),
            Run("c", 0.90, seed: 2),
            Run("d", null, seed: 3));

        Assert.Equal(["run a (n = 3)", null], table.Rows.Select(row => row.Title));
        // Mean and sample standard deviation of 0.8 and 0.9, worked out by hand: 0.85 and 0.0707.
        Assert.Equal(
            ["3 values", "8", "1, 2, 3", "85.00% ± 7.07% (2 of 3)"],
            table.Rows[0].Cells.Take(4).Select(cell => cell.Text));
        Assert.Equal("50.00%", table.Rows[1].Cells[3].Text);
    }

    [Fact]
    public void Of_Baseline_ShowsDifferencesOfResultsOnly()
    {
        RunTable table = Table("b", Run("a", 0.80, seconds: 50), Run("b", 0.90, seconds: 60));

        Assert.True(table.Rows[1].IsBaseline);
        Assert.All(table.Rows[1].Cells, cell => Assert.Null(cell.Delta));
        Assert.Equal([null, null, null, "−10.00", "−10 s"], table.Rows[0].Cells.Select(cell => cell.Delta));
        Assert.False(Table("gone", Run("a", 0.8)).HasDeltas);
    }

    [Fact]
    public void Of_RunOfAnotherSplit_IsMarkedAndHasNoDifference()
    {
        RunDocument other = Run("c", 0.99);
        RunTable table = Table(
            "a",
            Run("a", 0.80),
            Run("b", 0.90),
            other with { Spec = other.Spec with { EvalSplit = EvalSplit.Selection } });

        Assert.Equal([null, null, "sample, selection split"], table.Rows.Select(row => row.OtherData));
        Assert.Equal([null, "+10.00", null], table.Rows.Select(row => row.Cells[3].Delta));
    }

    [Fact]
    public void Of_Collapsed_HasOneRowPerStudyAndSweep()
    {
        RunTable table = Table(
            RunGrouping.Experiments,
            Run("a", 0.8) with { StudyId = "s1" },
            Run("b", 0.7),
            Run("c", 0.9) with { StudyId = "s1" },
            Run("d", 0.6) with { SweepId = "w1" });

        Assert.Equal(["my study (2 runs)", null, "sweep w1 (1 run)"], table.Rows.Select(row => row.Title));
        Assert.Equal(["studies/s1", "runs/b", "sweeps/w1"], table.Rows.Select(row => row.Link));
        Assert.Equal(["a", "c"], table.Rows[0].Group.Ids);
    }

    [Fact]
    public void Csv_HasExactlyWhatIsShownAndNoFormula()
    {
        RunTable table = Table("a", Run("a", 0.80), Run("b", 0.90) with { Name = "=HYPERLINK(1)" });

        string[][] rows = [.. RunTableExport.Csv(table).Split("\r\n").Select(line => line.Split(','))];

        Assert.Equal(["Name", "Rank", "Seed", "Accuracy", "Δ Accuracy", "Train time", "Δ Train time"], rows[0]);
        Assert.Equal("'=HYPERLINK(1)", rows[2][0]);
        Assert.Equal(["80.00%", ""], rows[1][3..5]);
        Assert.Equal("90.00%", rows[2][3]);
    }

    [Fact]
    public void Tex_EscapesNamesAndNamesRunsThatDoNotCompare()
    {
        RunDocument other = Run("b", 0.9) with { Name = "50% & \\input{x}\n\\end" };
        RunTable table = Table(
            RunGrouping.None, Run("a", 0.8), Run("c", 0.8), other with { Spec = other.Spec with { Dataset = "other" } });

        string tex = RunTableExport.Tex(table);

        Assert.Contains("50\\% \\& \\textbackslash{}input\\{x\\} \\textbackslash{}end & 8 & 42", tex, StringComparison.Ordinal);
        Assert.Contains("\\begin{tabular}{lrrrr}", tex, StringComparison.Ordinal);
        Assert.Contains("% Not comparable (other, dev split): 50% & \\input{x} \\end\n", tex, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[a] run", "\n{}[a] run & ")]
    [InlineData("*run", "\n{}*run & ")]
    public void Tex_NameThatTexWouldTakeForAnArgumentOfTheLineEnd_IsText(string name, string expected) => Assert.Contains(
        expected, RunTableExport.Tex(Table(RunGrouping.None, Run("a", 0.8) with { Name = name }, Run("b", 0.9))), StringComparison.Ordinal);

    [Fact]
    public void Of_NoRuns_HasNoRows() => Assert.Empty(Table(RunGrouping.All).Rows);

    [Fact]
    public void Of_MethodWithoutRank_HasNameInPlaceOfIdAndNoRank()
    {
        RunDocument run = Run("a", 0.8);
        RunDocument ia3 = Run("b", 0.8) with { Spec = run.Spec with { Method = "ia3" } };
        MethodDescriptor[] methods = [Method("ia3", "(IA)³") with { UnusedFields = ["rank"] }, Method("lora", "LoRA")];
        RunGroup[] rows =
        [
            .. Group(RunGrouping.None, run, ia3),
            .. Group(RunGrouping.Experiments, run with { StudyId = "s" }, ia3 with { StudyId = "s" }),
        ];

        RunTable table = RunTable.Of(rows, TableColumns.Of(["method", "rank"], []), new TableOptions { Methods = methods });

        Assert.Equal(
            ["LoRA 8", "(IA)³ ", "LoRA, (IA)³ 8"], table.Rows.Select(row => string.Join(' ', row.Cells.Select(cell => cell.Text))));
    }

    [Fact]
    public void Of_DerivedColumn_IsTheRatioOfTheRates()
    {
        RunDocument run = Run("a", 0.8);
        RunDocument plus = Run("b", 0.8) with { Spec = run.Spec with { LearningRate = 1e-4, LearningRateB = 4e-4 } };

        RunTable table = RunTable.Of(Group(RunGrouping.None, run, plus), TableColumns.Of(["rateRatio"], []), new TableOptions());

        Assert.Equal(["", "4"], table.Rows.Select(row => row.Cells[0].Text));
    }

    private static MethodDescriptor Method(string id, string name) => new()
    {
        Id = id,
        Name = name,
        Summary = "",
        Formula = "",
        Trains = "",
        Start = "",
        Source = "",
        Color = "#000000",
        DefaultLearningRate = 1e-4,
    };

    private static RunTable Table(RunGrouping grouping, params RunDocument[] runs) => Table(grouping, null, runs);

    private static RunTable Table(string baseline, params RunDocument[] runs) => Table(RunGrouping.None, baseline, runs);

    /// <summary>The table of rows that the server makes.</summary>
    private static RunTable Table(RunGrouping grouping, string? baseline, RunDocument[] runs)
    {
        IReadOnlyList<RunGroup> groups = Group(grouping, runs);
        TableOptions options = new()
        {
            Baseline = groups.FirstOrDefault(group => group.Ids.Contains(baseline)),
            Data = runs.Length == 0 ? null : RunData.Of(runs[0]),
        };
        return RunTable.Of(groups, TableColumns.Of(_columns, []), options);
    }

    private static IReadOnlyList<RunGroup> Group(RunGrouping grouping, params RunDocument[] runs) =>
        [.. GroupedRuns.Of(runs, grouping, RunSort.Oldest)
            .Select(group => GroupSummary.Of(group, id => id == "s1" ? "my study" : null))];

    private static RunDocument Run(string id, double? accuracy, int seed = 42, int rank = 8, double seconds = 60)
    {
        RunSummary summary = new() { TrainSeconds = seconds };
        return new RunDocument
        {
            Id = id,
            Name = "run " + id,
            Color = "#000000",
            State = RunState.Completed,
            Spec = new RunSpec { Seed = seed, Rank = rank, Name = "run " + id },
            Summary = accuracy is double value
                ? summary.With(MetricKeys.EvalAccuracy, new MetricSummary { Last = value, Best = value, BestStep = 1 })
                : summary,
        };
    }
}
