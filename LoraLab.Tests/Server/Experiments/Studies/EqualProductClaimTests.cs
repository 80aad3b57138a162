using LoraLab.Contracts.Experiments.Studies;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>
/// The claim "equal products converge at a similar speed". Curves rise linearly from 0.5 to 0.9 at step T and stay there: 95% of the way
/// is at 0.95·T, so that ratios of steps are ratios of T.
/// </summary>
public sealed class EqualProductClaimTests
{
    private const double Quantile = 2.015048;

    [Fact]
    public void Judge_SixPairsWithinTenPercent_IsSupported()
    {
        StudyClaim claim = Chain(200, 210, 200, 210, 200, 210, 200).Claim("equal-product");

        Assert.Equal((ClaimVerdict.Supported, true), (claim.Verdict, claim.MatchesPaper));
        // ln 1.05 and −ln 1.05 in turn: mean 0, s = ln 1.05·√(6/5), t(0.95; 5) = 2.015048.
        double half = Quantile * Math.Log(1.05) * Math.Sqrt(6.0 / 5) / Math.Sqrt(6);
        ClaimEvidence all = claim.Evidence[0];
        Assert.Equal(6, all.N);
        Assert.Equal(1, all.Value!.Value, 1e-9);
        Assert.Equal(Math.Exp(-half), all.Low!.Value, 1e-6);
        Assert.Equal(Math.Exp(half), all.High!.Value, 1e-6);
        Assert.StartsWith("6 pairs of equal product, spanning a factor of 4,096 in ηB/ηA", claim.Finding, StringComparison.Ordinal);
        Assert.Equal(1.05, claim.Evidence[2].Value!.Value, 1e-9);
    }

    [Fact]
    public void Judge_AreasOfPairs_AreMeanHeights()
    {
        StudyClaim claim = Chain(200, 400).Claim("equal-product");

        // Mean heights over 400 steps: 0.9 − 0.4·(T/2)/400 is 0.8 and 0.7.
        Assert.Equal(-0.1, claim.Evidence[1].Value!.Value, 1e-9);
        Assert.Equal(2, claim.Evidence[2].Value!.Value, 1e-9);
    }

    [Fact]
    public void Judge_IntervalOutside_IsNotSupported()
    {
        StudyClaim claim = Chain(100, 120, 140, 170, 210, 250, 300).Claim("equal-product");

        Assert.Equal(ClaimVerdict.NotSupported, claim.Verdict);
        double[] logs =
            [.. new[] { 120 / 100.0, 140 / 120.0, 170 / 140.0, 210 / 170.0, 250 / 210.0, 300 / 250.0 }.Select(ratio => Math.Log(ratio))];
        Assert.Equal(Math.Exp(logs.Average()), claim.Evidence[0].Value!.Value, 1e-9);
        Assert.True(claim.Evidence[0].Low > 1.1);
    }

    [Fact]
    public void Judge_IntervalAcrossTheMargin_IsInconclusive() =>
        Assert.Equal(ClaimVerdict.Inconclusive, Chain(200, 230, 200, 230, 200, 230, 200).Claim("equal-product").Verdict);

    [Fact]
    public void Judge_EqualCurves_HaveNoSpreadAndAreInconclusive()
    {
        StudyClaim claim = Chain(200, 200, 200, 200, 200, 200, 200).Claim("equal-product");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("no variance", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_OneCurveBelowTheThreshold_IsCensoredAndInconclusive()
    {
        HandMadeStudy study = Chain(200, 210, 200, 210, 200, 210);
        Add(study, 6, [.. Line(200).Select(point => (point.Step, 0.5 + ((point.Accuracy - 0.5) / 2)))]);

        StudyClaim claim = study.Claim("equal-product");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Contains("1 pair with a run that does not reach the threshold", claim.Finding, StringComparison.Ordinal);
        ClaimEvidence last = claim.Evidence[^1];
        Assert.Equal((null, "For 1 seed, a run does not reach the threshold."), (last.Value, last.Note));
    }

    [Fact]
    public void Judge_ThePapersOwnGrid_HasTwoPairs()
    {
        HandMadeStudy study = new();
        foreach (double a in new[] { 1e-5, 5e-5, 1e-4 })
        {
            foreach (double b in new[] { 1e-4, 2e-4, 4e-4 })
            {
                study.Cell(a, b, [0.9], run => run with { Curve = Line(200) });
            }
        }

        StudyClaim claim = study.Claim("equal-product");

        // 1e-8 of (1e-4, 1e-4) and (5e-5, 2e-4), 2e-8 of (1e-4, 2e-4) and (5e-5, 4e-4): ratios 1, 4, 2 and 8.
        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.StartsWith("2 pairs of equal product, spanning a factor of 8 in ηB/ηA", claim.Finding, StringComparison.Ordinal);
        Assert.Contains("six pairs are required", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_NoEqualProducts_IsNotRun()
    {
        StudyClaim claim = new HandMadeStudy().Cell(1e-4, 1e-4, [0.9]).Cell(1e-4, 4e-4, [0.9]).Claim("equal-product");

        Assert.Equal(ClaimVerdict.NotRun, claim.Verdict);
        Assert.Contains("no two of the 2 finished cells have the same product", claim.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_PairsWithoutACommonSeed_HaveNoFigure()
    {
        HandMadeStudy study = new HandMadeStudy()
            .Cell(1e-4, 1e-4, [0.9])
            .Cell(5e-5, 2e-4, [0.9], run => run with { Seed = 7 });

        StudyClaim claim = study.Claim("equal-product");

        Assert.Equal(ClaimVerdict.Inconclusive, claim.Verdict);
        Assert.Equal((null, 0), (claim.Evidence[^1].Value, claim.Evidence[^1].N));
    }

    /// <summary>Cells with product 1e-8 and ratios 1, 4, 16, … whose curves reach their maximum at these steps.</summary>
    private static HandMadeStudy Chain(params int[] arrivals)
    {
        HandMadeStudy study = new();
        foreach ((int index, int arrival) in arrivals.Index())
        {
            Add(study, index, Line(arrival));
        }

        return study;
    }

    private static void Add(HandMadeStudy study, int index, (int Step, double Accuracy)[] curve) =>
        study.Cell(1e-4 / Math.Pow(2, index), 1e-4 * Math.Pow(2, index), [curve[^1].Accuracy], run => run with { Curve = curve });

    private static (int Step, double Accuracy)[] Line(int arrival) =>
        [.. Enumerable.Range(0, 41).Select(i => (i * 10, Math.Min(0.9, 0.5 + (0.4 * i * 10 / arrival))))];
}
