using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Paper;
using LoraLab.Server.Experiments.Studies.Tables;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>The tables of a fair comparison, from handmade results.</summary>
public sealed class PartTableTests
{
    private const int Rank = 1;
    private const int Parameters = 3;
    private const int Memory = 4;
    private const int StepSeconds = 5;
    private const int Metric = 6;
    private const int Difference = 7;
    private const int P = 8;
    private const int Real = 9;

    private static readonly double[] _lora = [0.90, 0.85, 0.80, 0.85, 0.90];

    /// <summary>Below LoRA by 0.05, 0.06, 0.05, 0.06, 0.055: mean 0.055, s = 0.005.</summary>
    private static readonly double[] _vera = [0.85, 0.79, 0.75, 0.79, 0.845];

    /// <summary>Below LoRA by 0.10, 0.05, 0.05, 0.15, 0.</summary>
    private static readonly double[] _ia3 = [0.80, 0.80, 0.75, 0.70, 0.90];

    [Fact]
    public void EqualParameters_FiveSeeds_CostsIntervalsAndWhatIsReal()
    {
        StudyTable table = Table("equal-parameters", Study(_lora, _vera, _ia3));

        Assert.Equal(["lora", "vera", "ia3"], table.Rows.Select(row => row[0].Text));
        Assert.Equal(["8", "8", "none"], table.Rows.Select(row => row[Rank].Text));
        Assert.Equal(["1000", "990", "120"], table.Rows.Select(row => row[Parameters].Text.Replace(",", "", StringComparison.Ordinal)));
        Assert.Equal(["500", "510", "400"], table.Rows.Select(row => row[Memory].Text));
        Assert.Equal(["0.200", "0.250", "0.100"], table.Rows.Select(row => row[StepSeconds].Text));
        // t(4) is 2.776: 86 ± 2.776 · √17.5/√5; −5.5 ± 2.776 · 0.5/√5, t = 24.6; −7 ± 2.776 · √32.5/√5, t = 2.746, p = 0.052.
        Assert.Equal("86.00 [80.81, 91.19]", table.Rows[0][Metric].Text);
        Assert.Equal(["", "−5.50 [−6.12, −4.88]", "−7.00 [−14.08, +0.08]"], table.Rows.Select(row => row[Difference].Text));
        Assert.Equal(["", "< 0.001", "0.052"], table.Rows.Select(row => row[P].Text));
        Assert.Equal(["best", "yes", "no"], table.Rows.Select(row => row[Real].Text));
        Assert.Contains("Without a rank, as they are: ia3.", table.Notes);
        Assert.Contains("1,000", table.Caption, StringComparison.Ordinal);
    }

    [Fact]
    public void EqualRank_HasItsOwnArms()
    {
        StudyTable table = Table("equal-rank", Study(_lora, _vera, _ia3).Seeds("vera-r4", _lora.Select(value => value + 0.01)));

        Assert.Equal(["lora", "ia3", "vera-r4"], table.Rows.Select(row => row[0].Text));
        // The difference is the same for all seeds.
        Assert.Equal(("−1.00", "not tested"), (table.Rows[0][Difference].Text, table.Rows[0][Real].Text));
        Assert.Equal("best", table.Rows[2][Real].Text);
    }

    [Fact]
    public void Parts_FourSeedsOrNoRun_AreNamedAndNotTested()
    {
        StudyTable table = Table("equal-parameters", Study(_lora[..4], _vera[..4], []));

        Assert.Equal(["best", "not tested"], table.Rows.Select(row => row[Real].Text));
        Assert.Contains("Not tested: vera (4 common seeds, five required).", table.Notes);
        Assert.Contains("No result on the reported split: ia3.", table.Notes);
    }

    [Fact]
    public void OtherStudies_HaveNoParts()
    {
        StudyEvidence evidence = new HandMadeStudy().Seeds("lora", _lora).Build();

        Assert.DoesNotContain(StudyTables.Of(evidence), PartTable.IsOf);
        Assert.DoesNotContain(PaperZip.Files(evidence), file => file.Name == "data/methods.csv");
    }

    [Fact]
    public void Paper_HasTheTablesAsLatexAndCsv()
    {
        Dictionary<string, string> files =
            PaperZip.Files(Study(_lora, _vera, _ia3).Build()).Where(file => !file.Name.StartsWith("figures", StringComparison.Ordinal))
                .ToDictionary(file => file.Name, file => Encoding.UTF8.GetString(file.Content));

        Assert.Contains("\\input{tables/equal-parameters}", files["paper.tex"], StringComparison.Ordinal);
        Assert.Contains("5.50", files["tables/equal-parameters.tex"], StringComparison.Ordinal);
        string[] rows = files["data/methods.csv"].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.StartsWith("part,method,arm,rank,n,trainableParameters", rows[0], StringComparison.Ordinal);
        Assert.StartsWith("equal-parameters,vera,vera,8,5,990,510,0.25,eval/accuracy,", rows[2], StringComparison.Ordinal);
        Assert.Equal(6, rows.Length);
        string[] pairs = files["data/pairs.csv"].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        // lora-vera, lora-ia3, vera-ia3; at equal rank lora-ia3, as vera-r4 has no run.
        Assert.Equal(
            ["equal-parameters,lora,vera", "equal-parameters,lora,ia3", "equal-parameters,vera,ia3", "equal-rank,lora,ia3"],
            pairs[1..].Select(pair => string.Join(',', pair.Split(',')[..3])));
        string[][] tested = [.. pairs[1..].Select(pair => pair.Split(','))];
        Assert.Equal(["true", "false", "false", "false"], tested.Select(pair => pair[10]));
        // Of three tests, Holm multiplies the smallest p by three; alone, it stays.
        Assert.Equal(3 * Number(tested[0][8]), Number(tested[0][9]), 1e-12);
        Assert.Equal(Number(tested[3][8]), Number(tested[3][9]), 1e-12);
        Assert.Equal(0.055, Number(tested[0][5]), 1e-9);
    }

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static StudyTable Table(string id, HandMadeStudy study) => StudyTables.Of(study.Build()).Single(table => table.Id == id);

    private static HandMadeStudy Study(IEnumerable<double> lora, IEnumerable<double> vera, IEnumerable<double> ia3)
    {
        StudyPart[] both = [StudyPart.EqualParameters, StudyPart.EqualRank];
        HandMadeStudy study = new();
        study.Plan = study.Plan with
        {
            ParameterBudget = 1000,
            Methods =
            [
                new StudyMethod { Method = "lora", Parts = both, Spec = new JsonObject { ["rank"] = 8 } },
                new StudyMethod { Method = "vera", Parts = [StudyPart.EqualParameters], Spec = new JsonObject { ["rank"] = 8 } },
                new StudyMethod { Method = "ia3", Parts = both, WithoutRank = true },
                new StudyMethod { Method = "vera", Arm = "vera-r4", Parts = [StudyPart.EqualRank] },
            ],
        };
        return study.Arm("lora").Arm("vera").Arm("ia3").Arm("vera-r4")
            .Seeds("lora", lora, run => run with { TrainSeconds = 20, PeakMemoryMb = 500, Parameters = 1000 })
            .Seeds("vera", vera, run => run with { TrainSeconds = 25, PeakMemoryMb = 510, Parameters = 990 })
            .Seeds("ia3", ia3, run => run with { TrainSeconds = 10, PeakMemoryMb = 400, Parameters = 120 });
    }
}
