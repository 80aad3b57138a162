using CsCheck;
using LoraLab.Server.Comparison.Statistics;
using Xunit;

namespace LoraLab.Tests.Server.Comparison.Statistics;

public sealed class StudentTTests
{
    // The printed tables of t (for example Fisher and Yates, Statistical Tables, table III), to their three places.
    [Theory]
    [InlineData(0.975, 1, 12.706)]
    [InlineData(0.975, 2, 4.303)]
    [InlineData(0.975, 4, 2.776)]
    [InlineData(0.975, 9, 2.262)]
    [InlineData(0.975, 30, 2.042)]
    [InlineData(0.975, 120, 1.980)]
    [InlineData(0.995, 4, 4.604)]
    [InlineData(0.95, 10, 1.812)]
    [InlineData(0.9995, 1, 636.619)]
    [InlineData(0.9995, 5, 6.869)]
    public void Quantile_PrintedTables_AreMet(double p, int freedom, double t)
    {
        Assert.Equal(t, StudentT.Quantile(p, freedom), 0.0006);
        Assert.Equal(-t, StudentT.Quantile(1 - p, freedom), 0.0006);
    }

    // Closed forms: the Cauchy distribution for one degree of freedom, ½ + t/(2√(2 + t²)) for two.
    [Fact]
    public void Cdf_OneAndTwoDegreesOfFreedom_EqualTheClosedForms() =>
        Gen.Double[-50, 50].Sample(t =>
        {
            Assert.Equal(0.5 + (Math.Atan(t) / Math.PI), StudentT.Cdf(t, 1), 1e-12);
            Assert.Equal(0.5 + (t / (2 * Math.Sqrt(2 + (t * t)))), StudentT.Cdf(t, 2), 1e-12);
        });

    [Fact]
    public void Quantile_OfTheCdf_IsTheSameAgain() =>
        Gen.Select(Gen.Double[-4, 4], Gen.Int[1, 200]).Sample((t, freedom) =>
            Assert.Equal(t, StudentT.Quantile(StudentT.Cdf(t, freedom), freedom), 1e-6));

    // P(|T| ≥ t) for ν = 2 is 1 − t/√(2 + t²) ≈ 1/t² far out, where 1 − CDF would have lost its digits.
    [Fact]
    public void TwoSidedP_FarOut_KeepsItsDigits()
    {
        Assert.Equal(1, StudentT.TwoSidedP(1e5, 2) / 1e-10, 1e-6);
        Assert.Equal(0, StudentT.TwoSidedP(double.PositiveInfinity, 4));
        Assert.Equal(1, StudentT.TwoSidedP(0, 4));
    }

    [Fact]
    public void Quantile_NoProbability_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Quantile(1, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Quantile(0.5, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.TwoSidedP(double.NaN, 4));
    }
}
