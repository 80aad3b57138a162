using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>The claim "the best ratio is 4 with ηA = 1e-4" on handmade grids.</summary>
public sealed class BestRatioClaimTests
{
    private static readonly double[] _high = [0.90, 0.91, 0.92, 0.93, 0.94];
    private static readonly double[] _a = [5e-5, 1e-4, 2e-4];
    private static readonly double[] _b = [2e-4, 4e-4, 8e-4];

    /// <summary>Lower than <see cref="_high"/> by 0.05, 0.06, 0.05, 0.06, 0.055: mean 0.055, s = √(4·0.005²/4) = 0.005.</summary>
    private static readonly double[] _low = [0.85, 0.85, 0.87, 0.87, 0.885];

    /// <summary>t = 0.055/(0.005/√5); P(|T| ≥ t) of four degrees of freedom is 1 − sin θ·(1 + cos²θ/2), tan θ = t/2.</summary>
    private static double P
    {
        get
        {
            double theta = Math.Atan(0.055 / (0.005 / Math.Sqrt(5)) / 2);
            return 1 - (Math.Sin(theta) * (1 + (Math.Cos(theta) * Math.Cos(theta) / 2)));
        }
    }

    [Fact]
    public void Judge_HighestAndApartFromAllOthersInsideTheGrid_IsSupported()
    {
        StudyClaim claim = Grid(_a, _b, _high, _low).Claim("best-ratio");

        Assert.Equal((ClaimVerdict.Supported, true), (claim.Verdict, claim.MatchesPaper));
        Assert.StartsWith(
            "The highest mean accuracy of 9 cells over 5 common seeds is 92.00%, at ηA = 1e-4, ηB = 4e-4 (ratio 4, inside the grid)",
            claim.Finding,
            StringComparison.Ordinal);
        Assert.Equal(45, claim.Runs.Count);
        ClaimEvidence target = claim.Evidence.Single(figure => figure.Label.Contains("ηA = 1e-4, ηB = 4e-4", StringComparison.Ordinal));
        Assert.Equal((5, null), (target.N, target.P));
        Assert.Equal(0.92, target.Value!.Value, 1e-12);
        // Holm over eight equal p-values: eight times each.
        Assert.All(claim.Evidence.Except([target]), figure => Assert.Equal(8 * P, figure.P!.Value, 1e-9));
    }

    [Fact]
    public void Judge_ThePapersOwnGrid_IsInconclusiveBecauseOfItsCorner()
    {
        StudyClaim claim = Grid([1e-5, 5e-5, 1e-4], [1e-4, 2e-4, 4e-4], _high, _low).Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("a corner of the grid", claim.Finding, StringComparison.Ordinal);
        Assert.Contains("does not extend beyond it in both learning rates", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_EdgeInOneRate_IsInconclusive()
    {
        StudyClaim claim = Grid(_a, [1e-4, 2e-4, 4e-4], _high, _low).Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("at an edge of the grid", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_AnotherCellApartAndHigher_IsNotSupported()
    {
        StudyClaim claim = Grid(_a, _b, _low, _low, best: (2e-4, 8e-4, _high)).Claim("best-ratio");

        Assert.Equal(ClaimVerdict.NotSupported, claim.Verdict);
        Assert.Contains(
            "at ηA = 2e-4, ηB = 8e-4 (ratio 4, at a corner of the grid); ηA = 1e-4, ηB = 4e-4 reaches 86.50% (Holm-adjusted p ",
            claim.Finding,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_AnotherCellHigherButNotApart_IsInconclusive()
    {
        // Differences 0.1, −0.1, 0.1, −0.1, 0.01: nowhere near.
        double[] wide = [0.95, 0.75, 0.97, 0.77, 0.895];
        StudyClaim claim = Grid(_a, _b, _low, _low, best: (2e-4, 8e-4, wide)).Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("no significant difference", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_EqualCells_IsInconclusive()
    {
        StudyClaim claim = Grid(_a, _b, _high, _high).Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.All(claim.Evidence.Where(figure => figure.P is not null), figure => Assert.Equal(1, figure.P));
    }

    [Fact]
    public void Judge_FourSeeds_IsInconclusive()
    {
        StudyClaim claim = Grid(_a, _b, _high[..4], _low[..4]).Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("over 4 common seeds", claim.Finding, StringComparison.Ordinal);
        Assert.Contains("five seeds in every cell are required", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_OneSeedMissingInOneCell_LeavesFourCommonSeeds()
    {
        HandMadeStudy study = Grid([5e-5, 1e-4], [4e-4], _high, _low);
        study.Cell(2e-4, 4e-4, _low[..4]);

        StudyClaim claim = study.Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("4 common seeds", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_CellWhoseRunsFailed_IsInconclusiveAndNamed()
    {
        HandMadeStudy study = Grid([5e-5, 1e-4], _b, _high, _low);
        study.Cell(2e-4, 4e-4, _low, run => run with { State = RunState.Failed, EndReason = EndReason.Diverged });

        StudyClaim claim = study.Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("cells without a finished run: learningRate 2e-4, learningRateB 4e-4", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_GridWithoutThePapersCell_IsInconclusive()
    {
        StudyClaim claim = Grid([5e-5, 2e-4], _b, _high, _low).Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.EndsWith("ηA = 1e-4, ηB = 4e-4 has no finished run.", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_NoRunOfLoraPlus_IsNotRun()
    {
        StudyClaim claim = new HandMadeStudy().Seeds("lora", _high).Claim("best-ratio");

        Assert.Equal((ClaimVerdict.NotRun, false), (claim.Verdict, claim.MatchesPaper));
        Assert.Equal("on TinyLlama, sst2: no run of LoRA+ has finished.", claim.Finding);
    }

    [Fact]
    public void Judge_OtherWeights_ReadsOnModelAndData()
    {
        StudyClaim claim = Grid(_a, _b, _high, _low, change: run => run with { Papers = false }).Claim("best-ratio");

        Assert.Equal((ClaimVerdict.Supported, false), (claim.Verdict, claim.MatchesPaper));
        Assert.StartsWith("on TinyLlama, sst2: the highest mean accuracy of 9 cells", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_ToyProfile_LooksForTheScaledCell()
    {
        double[] scaledA = [.. _a.Select(rate => rate * 20)];
        double[] scaledB = [.. _b.Select(rate => rate * 20)];
        HandMadeStudy study = Grid(scaledA, scaledB, _high, _low, best: (2e-3, 8e-3, _high));
        study.Plan = study.Plan with { Profile = "toy" };

        Assert.Equal(ClaimVerdict.Supported, study.Claim("best-ratio").Verdict);
    }

    [Fact]
    public void Judge_CellsOnTheSelectionSplit_AreReadWhereOnlyOneIsReported()
    {
        HandMadeStudy study = Grid(_a, _b, _high[..1], _low[..1], change: run => run with { Stage = StudyStage.Selection });
        study.Cell(1e-4, 4e-4, _high);

        StudyClaim claim = study.Claim("best-ratio");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("of 9 cells over 1 common seed", claim.Finding, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A grid in which the paper's cell has the first values and the others the second.</summary>
    private static HandMadeStudy Grid(
        double[] ofA,
        double[] ofB,
        double[] paper,
        double[] others,
        (double A, double B, double[] Values)? best = null,
        Func<HandMadeRun, HandMadeRun>? change = null)
    {
        HandMadeStudy study = new();
        foreach (double a in ofA)
        {
            foreach (double b in ofB)
            {
                double[] values = best is { } cell && Math.Abs(cell.A - a) < 1e-9 && Math.Abs(cell.B - b) < 1e-9
                        ? cell.Values : a == 1e-4 && b == 4e-4 ? paper : others;
                study.Cell(a, b, values, change);
            }
        }

        return study;
    }
}
