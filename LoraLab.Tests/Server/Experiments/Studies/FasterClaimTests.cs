using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>
/// The claims "PiSSA converges faster" and "swapped initialization converges faster or allows larger learning rates". Curves have two
/// evaluations, 0.5 and v: the mean height is (0.5 + v)/2, so that differences in height are half of those in v.
/// </summary>
public sealed class FasterClaimTests
{
    private const double Quantile = 2.776445;
    private static readonly double[] _lora = [0.80, 0.81, 0.82, 0.83, 0.84];
    private static readonly JsonObject _selected = new() { ["learningRate"] = 2e-4 };

    [Theory]
    [InlineData("pissa", "pissa-faster")]
    [InlineData("lora-swapped", "swapped-init")]
    public void Judge_IntervalAboveZero_IsSupported(string method, string id)
    {
        StudyClaim claim = Study(method, [0.05, 0.06, 0.05, 0.06, 0.055]).Claim(id);

        Assert.Equal((ClaimVerdict.Supported, true), (claim.Verdict, claim.MatchesPaper));
        // Halves: mean 0.0275, s = 0.0025.
        double half = Quantile * 0.0025 / Math.Sqrt(5);
        ClaimEvidence difference = claim.Evidence[0];
        Assert.Equal(5, difference.N);
        Assert.Equal(0.0275, difference.Value!.Value, 1e-12);
        Assert.Equal(0.0275 - half, difference.Low!.Value, 1e-7);
        Assert.Equal(0.0275 + half, difference.High!.Value, 1e-7);
        Assert.Contains(
            $"Over 5 common seeds, the mean accuracy of {method} during training is 2.75 "
                + "percentage points higher than that of lora (95% CI ",
            claim.Finding,
            StringComparison.Ordinal);
        Assert.Equal(0.66, claim.Evidence[2].Value!.Value, 1e-12);
    }

    [Fact]
    public void Judge_IntervalHoldsZero_IsInconclusive()
    {
        StudyClaim claim = Study("pissa", [0.10, 0.05, 0.05, 0.15, 0]).Claim("pissa-faster");

        // Halves: mean 0.035, s = √0.00325/2.
        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Equal(0.035 - (Quantile * Math.Sqrt(0.00325) / 2 / Math.Sqrt(5)), claim.Evidence[0].Low!.Value, 1e-7);
    }

    [Theory]
    [InlineData(-0.05, "it converges more slowly")]
    [InlineData(0.003, "any advantage is at most 0.5 percentage points")]
    public void Judge_SlowerOrFasterByLittle_IsNotSupported(double by, string reason)
    {
        StudyClaim claim = Study("pissa", [by, by + 0.001, by, by + 0.001, by]).Claim("pissa-faster");

        Assert.Equal(ClaimVerdict.NotSupported, claim.Verdict);
        Assert.Contains(reason, claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_EqualCurves_IsInconclusive()
    {
        StudyClaim claim = Study("pissa", [0, 0, 0, 0, 0]).Claim("pissa-faster");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("no variance", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_FailedSeed_LeavesFourPairs()
    {
        HandMadeStudy study = Selected().Seeds("lora", _lora);
        study.Seeds("pissa", _lora.Select(value => value + 0.05), run =>
            run.Seed == 3 ? run with { State = RunState.Failed, EndReason = EndReason.Diverged } : run);

        StudyClaim claim = study.Claim("pissa-faster");

        Assert.Equal((ClaimVerdict.Inconclusive, 4), (claim.Verdict, claim.Evidence[0].N));
        Assert.Contains("five common seeds are required", claim.Finding, StringComparison.Ordinal);
        Assert.Equal(9, claim.Runs.Count);
    }

    [Fact]
    public void Judge_SeedsThatEndInTheSameWeights_CountOnce()
    {
        HandMadeStudy study = Selected().Seeds("lora", _lora).Seeds("pissa", _lora, run => run with { Final = "same" });

        Assert.Equal(1, study.Claim("pissa-faster").Evidence[0].N);
    }

    [Fact]
    public void Judge_OtherEvaluations_AreLeftOut()
    {
        HandMadeStudy study = Selected()
            .Seeds("lora", _lora)
            .Seeds("pissa", _lora, run => run with { Curve = [(0, 0.5), (50, 0.6), (100, 0.9)] });

        StudyClaim claim = study.Claim("pissa-faster");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("no common seed with evaluations at the same steps", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_NoRateSelected_IsInconclusive()
    {
        HandMadeStudy study = new HandMadeStudy().Seeds("lora", _lora).Seeds("pissa", [0.85, 0.87, 0.87, 0.89, 0.895]);

        Assert.Contains("no learning rate was selected for pissa and lora", study.Claim("pissa-faster").Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_WithoutLora_IsNotRun()
    {
        StudyClaim claim = Selected().Seeds("pissa", _lora).Claim("pissa-faster");

        Assert.Equal(ClaimVerdict.NotRun, claim.Verdict);
        Assert.Contains("no run of lora has finished", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_WithoutFingerprints_IsInconclusiveAndNotOnPaper()
    {
        HandMadeStudy study = Selected()
            .Seeds("lora", _lora)
            .Seeds("pissa", [0.85, 0.87, 0.87, 0.89, 0.895], run => run with { HasFingerprint = false });

        StudyClaim claim = study.Claim("pissa-faster");

        Assert.Equal((ClaimVerdict.Inconclusive, false), (claim.Verdict, claim.MatchesPaper));
        Assert.Contains("fingerprint", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_RateAtTheEdge_IsSaid()
    {
        HandMadeStudy study = Study("pissa", [0.05, 0.06, 0.05, 0.06, 0.055]).Arm("pissa", selected: _selected, place: GridPosition.AtEdge);

        Assert.EndsWith(
            "The selected learning rate of pissa lies at the edge of its grid.",
            study.Claim("pissa-faster").Finding,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_SlowerButWithALargerWorkingRate_KeepsSwappedInitOpen()
    {
        HandMadeStudy study = Study("lora-swapped", [-0.05, -0.06, -0.05, -0.06, -0.055]);
        // Within one point of the best of each: 8e-4 for swapped (0.895 of 0.90), 2e-4 for LoRA (0.88 is two below).
        study.Arm("lora-swapped", selected: _selected, cells: [Cell(2e-4, 0.90), Cell(8e-4, 0.895), Cell(1.6e-3, 0.5)]);
        study.Arm("lora", selected: _selected, cells: [Cell(2e-4, 0.90), Cell(8e-4, 0.88)]);

        StudyClaim claim = study.Claim("swapped-init");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("learning rates up to 8e-4 work, and up to 2e-4 for LoRA", claim.Finding, StringComparison.Ordinal);
        Assert.Equal([8e-4, 2e-4], claim.Evidence.TakeLast(2).Select(figure => figure.Value!.Value));
    }

    [Fact]
    public void Judge_SlowerWithoutALargerWorkingRate_IsNotSupported()
    {
        HandMadeStudy study = Study("lora-swapped", [-0.05, -0.06, -0.05, -0.06, -0.055]);
        study.Arm("lora-swapped", selected: _selected, cells: [Cell(2e-4, 0.90), Cell(8e-4, 0.895)]);
        study.Arm("lora", selected: _selected, cells: [Cell(2e-4, 0.90), Cell(8e-4, 0.90)]);

        StudyClaim claim = study.Claim("swapped-init");

        Assert.Equal(ClaimVerdict.NotSupported, claim.Verdict);
        Assert.Equal("The largest value tried; larger ones may also work.", claim.Evidence[^1].Note);
    }

    private static StudyCell Cell(double rate, double accuracy) =>
        new(new JsonObject { ["learningRate"] = rate }, "none", accuracy, 0.3, false);

    private static HandMadeStudy Selected() => new HandMadeStudy()
        .Arm("lora", selected: _selected, place: GridPosition.Inside)
        .Arm("pissa", selected: _selected, place: GridPosition.Inside)
        .Arm("lora-swapped", selected: _selected, place: GridPosition.Inside);

    private static HandMadeStudy Study(string method, double[] differences) =>
        Selected().Seeds("lora", _lora).Seeds(method, _lora.Zip(differences, (value, difference) => value + difference));
}
