using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Tables;
using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Cells, marks and notes of the tables.</summary>
public sealed class StudyTablesTests
{
    private const int Accuracy = 2;
    private const int Time = 4;
    private const int Memory = 5;
    private const int Parameters = 6;
    private static readonly double[] _lora = [0.90, 0.85, 0.80, 0.85, 0.90];
    private static readonly double[] _pissa = [0.80, 0.80, 0.75, 0.70, 0.90];

    /// <summary>Below LoRA by 0.05, 0.06, 0.05, 0.06, 0.055.</summary>
    private static readonly double[] _plus = [0.85, 0.79, 0.75, 0.79, 0.845];

    [Fact]
    public void Final_FiveSeeds_MeansSpreadsBoldAndDagger()
    {
        StudyTable table = Final(new HandMadeStudy().Seeds("lora", _lora).Seeds("pissa", _pissa)
            .Seeds("lora-plus", _plus, run => run with { LearningRateB = 4e-4 }));

        // 86 ± √17.5; 79 with squares 1 + 1 + 16 + 81 + 121 over 4; p of lora against pissa is 0.052, that of lora-plus far below.
        Assert.Equal(["lora", "pissa", "lora-plus"], table.Rows.Select(row => row[0].Text));
        Assert.Equal(["86.00 ± 4.18", "79.00 ± 7.42", "80.50 ± 4.21"], table.Rows.Select(row => row[Accuracy].Text));
        Assert.Equal([true, false, false], table.Rows.Select(row => row[Accuracy].Bold));
        Assert.Equal([false, true, false], table.Rows.Select(row => row[Accuracy].Dagger));
        Assert.Equal(86, table.Rows[0][Accuracy].Value!.Value, 1e-9);
        Assert.Equal(["5", "5", "5"], table.Rows.Select(row => row[1].Text));
        Assert.Contains(table.Notes, note => note.EndsWith("which does not imply equality.", StringComparison.Ordinal));
    }

    /// <summary>Where less is better, groups are tested against the lowest mean.</summary>
    [Fact]
    public void Final_MetricOfWhichLessIsBetter_IsTestedAgainstTheLowest()
    {
        HandMadeStudy study = new();
        study.Seeds("lora", _lora).Seeds("pissa", _pissa).Seeds("lora-plus", _plus);
        StudyEvidence evidence = study.Build();
        // The perplexities are distances from 1: LoRA has the lowest, and lora-plus differs from it as in accuracy.
        evidence = new(
            evidence.Study with { Task = "completion" },
            [.. evidence.Runs.Select(run => run with
            {
                Document = run.Document! with
                {
                    Summary = run.Document.Summary.With(
                        MetricKeys.EvalPerplexity,
                        new() { Last = 2 - run.Document.Summary[MetricKeys.EvalAccuracy]!.Last }),
                },
            })]);

        StudyTable table = FinalTable.Of(evidence);

        int perplexity = table.Columns.ToList().FindIndex(column => column.Contains("erplexity", StringComparison.Ordinal));
        Assert.Equal([true, false, false], table.Rows.Select(row => row[perplexity].Bold));
        Assert.Equal([false, true, false], table.Rows.Select(row => row[perplexity].Dagger));
    }

    [Fact]
    public void Final_FourSeeds_NothingHasADagger()
    {
        StudyTable table = Final(new HandMadeStudy().Seeds("lora", _lora[..4]).Seeds("pissa", _lora[..4].Select(value => value - 0.001)));

        Assert.DoesNotContain(table.Rows, row => row[Accuracy].Dagger);
        Assert.Contains(
            "Accuracy (%): not tested against the best mean and therefore without a dagger: pissa (4 common seeds, five required).",
            table.Notes);
    }

    [Fact]
    public void Final_EqualMethods_AreBothBoldAndOneHasADagger()
    {
        StudyTable table = Final(new HandMadeStudy().Seeds("lora", _lora).Seeds("pissa", _lora));

        Assert.Equal([true, true], table.Rows.Select(row => row[Accuracy].Bold));
        Assert.Equal([false, true], table.Rows.Select(row => row[Accuracy].Dagger));
    }

    [Fact]
    public void Final_FailedRun_IsNamedAndNotAveraged()
    {
        HandMadeStudy study = new HandMadeStudy()
            .Seeds("lora", _lora)
            .Seeds("pissa", _lora, run =>
                run.Seed == 2 ? run with { State = RunState.Failed, EndReason = EndReason.Diverged, Error = "The loss became NaN." } : run);

        StudyTable table = Final(study);

        Assert.Equal("4", table.Rows[1][1].Text);
        // 0.90, 0.80, 0.85, 0.90: mean 0.8625, squares 0.001406 + 0.003906 + 0.000156 + 0.001406 over 3.
        Assert.Equal("86.25 ± 4.79", table.Rows[1][Accuracy].Text);
        Assert.Contains("pissa, seed 2: run r007 failed (diverged).", table.Notes);
    }

    [Fact]
    public void Final_MissingSeedsAndMethods_AreSaid()
    {
        StudyTable table = Final(new HandMadeStudy().Arm("lora-xs", "LoRA-XS").Seeds("lora", _lora[..3]));

        Assert.Contains("LoRA-XS: no run on the reported split yet.", table.Notes);
        Assert.Contains("lora: 2 planned seeds without a run.", table.Notes);
        Assert.Single(table.Rows);
    }

    [Fact]
    public void Final_SameWeightsTwice_CountOnce()
    {
        StudyTable table =
            Final(new HandMadeStudy().Seeds("pissa", [0.9, 0.9, 0.8], run => run.Seed < 3 ? run with { Final = "same" } : run));

        Assert.Equal(("2", "85.00 ± 7.07"), (table.Rows[0][1].Text, table.Rows[0][Accuracy].Text));
        Assert.Contains("pissa, seed 2: run r002 duplicates a result that is already counted.", table.Notes);
    }

    [Fact]
    public void Final_RunsWithoutAMeasurement_EnterNoMean()
    {
        HandMadeStudy study = new HandMadeStudy()
            .Seeds("lora", _lora[..3], run => run with { TrainSeconds = 10 + run.Seed, PeakMemoryMb = 1000, Parameters = 1126400 })
            .Seeds("pissa", _lora[..3], run =>
                run with { TrainSeconds = run.Seed < 3 ? null : 5, PeakMemoryMb = run.Seed < 3 ? null : 500, Parameters = 1126400 });

        StudyTable table = Final(study);

        Assert.Equal(["12.0 ± 1.0", "5.0 (n = 1)"], table.Rows.Select(row => row[Time].Text));
        Assert.Equal(["1000 ± 0.0", "500 (n = 1)"], table.Rows.Select(row => row[Memory].Text));
        Assert.Equal(["1,126,400", "1,126,400"], table.Rows.Select(row => row[Parameters].Text));
        Assert.Equal([(false, false), (true, false)], table.Rows.Select(row => (row[Time].Bold, row[Parameters].Bold)));
    }

    [Fact]
    public void Final_OtherDevices_HaveNoBestTime()
    {
        HandMadeStudy study = new HandMadeStudy()
            .Seeds("lora", _lora, run => run with { TrainSeconds = 10 })
            .Seeds("pissa", _lora, run => run with { TrainSeconds = 5, DeviceName = "another" });

        StudyTable table = Final(study);

        Assert.DoesNotContain(table.Rows, row => row[Time].Bold);
        Assert.Contains("Training time (s): the runs used different devices, so no best value is marked.", table.Notes);
    }

    [Fact]
    public void Final_CellsFromWhichNothingWasChosen_HaveNoMarks()
    {
        HandMadeStudy study = new HandMadeStudy().Cell(1e-4, 1e-4, _lora).Cell(1e-4, 4e-4, _plus);
        study.Plan = study.Plan with { Selection = StudySelection.None };

        StudyTable table = Final(study);

        Assert.Equal(
            ["lora-plus (learningRate 1e-4, learningRateB 1e-4)", "lora-plus (learningRate 1e-4, learningRateB 4e-4)"],
            table.Rows.Select(row => row[0].Text));
        Assert.DoesNotContain(table.Rows.SelectMany(row => row), cell => cell.Bold || cell.Dagger);
        Assert.Contains("without hyper-parameter selection", table.Caption, StringComparison.Ordinal);
    }

    [Fact]
    public void HyperParameters_Grid_ShowsSplitChoiceAndPlace()
    {
        StudyCell best = new(new JsonObject { ["learningRate"] = 2e-4, ["rank"] = 4 }, "r001", 0.91, 0.25, false);
        StudyCell extension = new(new JsonObject { ["learningRate"] = 4e-4, ["rank"] = 4 }, "r002", 0.90, 0.26, true);
        StudyCell failed = new(new JsonObject { ["learningRate"] = 1e-4, ["rank"] = 4 }, "r003", null, null, false);
        HandMadeStudy study = new HandMadeStudy()
            .Arm(
                "lora",
                "LoRA",
                selected: best.Settings.DeepClone().AsObject(),
                place: GridPosition.InsideAfterExtension,
                cells: [best, extension, failed])
            .Run(new HandMadeRun("lora", 1) { Stage = StudyStage.Selection, Settings = best.Settings })
            .Run(new HandMadeRun("lora", 1) { Stage = StudyStage.Selection, Settings = extension.Settings })
            .Run(new HandMadeRun("lora", 1)
            {
                Stage = StudyStage.Selection,
                Settings = failed.Settings,
                State = RunState.Failed,
                EndReason = EndReason.OutOfMemory,
            });

        StudyTable table = StudyTables.Of(study.Build()).Single(table => table.Id == "hyper-parameters-lora");

        Assert.Equal(["learningRate", "rank", "Split", "Accuracy (%)", "Loss", "Selected"], table.Columns);
        Assert.Equal(
            [
                "2e-4 | 4 | selection | 91.00 | 0.2500 | selected",
                "4e-4 | 4 | selection (extension) | 90.00 | 0.2600 | ",
                "1e-4 | 4 | selection |  |  | ",
            ],
            table.Rows.Select(row => string.Join(" | ", row.Select(cell => cell.Text))));
        Assert.Equal(
            ["The selected cell lay at the edge of the grid, which was extended beyond it; it now lies inside.", "learningRate 1e-4, "
                + "rank 4: run r003 failed (outOfMemory)."],
            table.Notes);
    }

    [Fact]
    public void HyperParameters_NoGrid_SaysThatNothingWasTried()
    {
        StudyTable table = StudyTables.Of(new HandMadeStudy().Seeds("lora", _lora).Build())
            .Single(table => table.Id == "hyper-parameters-lora");

        Assert.Equal(
            "1e-4 | reported | 5 | 86.00 ± 4.18 | 0.2500", string.Join(" | ", Assert.Single(table.Rows).Select(cell => cell.Text)));
        Assert.Contains("No grid: there was nothing to select.", table.Notes);
    }

    [Fact]
    public void Protocol_FieldsThatAMethodDoesNotUse_AreNotGivenToIt()
    {
        HandMadeStudy study = new() { Methods = [.. LoraMethods.All.Select(method => method.Descriptor)] };
        study.Seeds("lora", _lora).Seeds("vera", _lora).Seeds("ia3", _lora).Seeds("full", _lora);

        IReadOnlyDictionary<string, string> protocol = Protocol(study);

        Assert.Equal("8; not used: ia3, full", protocol["Rank"]);
        Assert.Equal("16; not used: vera, ia3, full", protocol["Alpha"]);
        Assert.Equal("1", protocol["Epochs"]);
    }

    [Fact]
    public void Protocol_FieldsThatNoMethodUses_AreLeftOut()
    {
        HandMadeStudy study = new() { Methods = [.. LoraMethods.All.Select(method => method.Descriptor)] };

        Assert.DoesNotContain("Rank", Protocol(study.Seeds("full", _lora)).Keys);
        Assert.Equal("8", Protocol(new HandMadeStudy { Methods = study.Methods }.Seeds("lora", _lora))["Rank"]);
    }

    private static Dictionary<string, string> Protocol(HandMadeStudy study) =>
        StudyTables.Of(study.Build()).Single(table => table.Id == "protocol").Rows.ToDictionary(row => row[0].Text, row => row[1].Text);

    private static StudyTable Final(HandMadeStudy study) => StudyTables.Of(study.Build()).Single(table => table.Id == "final");
}
