using CsCheck;
using LoraLab.Server.Comparison.Statistics;
using Xunit;

namespace LoraLab.Tests.Server.Comparison.Statistics;

/// <summary>Moments, intervals and tests of small samples.</summary>
public sealed class PairedTTestTests
{
    // Student's sleep data of 1908 (Cushny and Peebles), as in R's documentation of `sleep` and of t.test:
    // means 0.75 and 2.33, sd 1.789010 and 2.002249; paired t = −4.0621, df = 9, p = 0.002833, 95% CI [−2.4598858, −0.7001142].
    private static readonly double[] _first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    private static readonly double[] _second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    [Fact]
    public void Moments_StudentsSleepData_AreAsPublished()
    {
        Assert.Equal(0.75, SampleMoments.Mean(_first), 1e-12);
        Assert.Equal(2.33, SampleMoments.Mean(_second), 1e-12);
        Assert.Equal(1.789010, SampleMoments.StandardDeviation(_first), 5e-7);
        Assert.Equal(2.002249, SampleMoments.StandardDeviation(_second), 5e-7);
    }

    [Fact]
    public void Of_StudentsSleepData_IsAsPublished()
    {
        (double t, int freedom, double p) = Assert.NotNull(PairedTTest.Of(_first, _second));
        (double low, double high) = Assert.NotNull(MeanInterval.Of(PairedTTest.Differences(_first, _second)));

        Assert.Equal(-4.0621, t, 5e-5);
        Assert.Equal(9, freedom);
        Assert.Equal(0.002833, p, 5e-7);
        Assert.Equal(-2.4598858, low, 5e-8);
        Assert.Equal(-0.7001142, high, 5e-8);
    }

    // Two values: s = |x − y|/√2 and the half width is 12.7062·|x − y|/2 (the printed 0.975 quantile for one degree of freedom).
    [Fact]
    public void MeanInterval_TwoValues_UsesOneDegreeOfFreedom()
    {
        (double low, double high) = Assert.NotNull(MeanInterval.Of([0.90, 0.92]));

        Assert.Equal(0.91 - 0.127062, low, 1e-6);
        Assert.Equal(0.91 + 0.127062, high, 1e-6);
        Assert.Null(MeanInterval.Of([0.9]));
    }

    [Fact]
    public void Of_ValuesShiftedByTheSame_IsNoTest() =>
        Gen.Select(Gen.Int[0, 872].Array[2, 12], Gen.Int[0, 50]).Sample((correct, shift) =>
        {
            // Accuracies that differ by the same number of rows at every seed: as doubles the differences are not all equal.
            double[] first = [.. correct.Select(k => (k + shift) / 872.0)];
            double[] second = [.. correct.Select(k => k / 872.0)];
            Assert.Null(PairedTTest.Of(first, second));
            Assert.Null(MeanInterval.Of(PairedTTest.Differences(first, second), PairedTTest.Size(first, second)));
        });

    [Fact]
    public void Of_OneRowOfSpread_IsATest() =>
        Assert.NotNull(PairedTTest.Of([800 / 872.0, 801 / 872.0], [790 / 872.0, 790 / 872.0]));

    [Fact]
    public void Of_ValuesThatDoNotPair_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => PairedTTest.Of([1, 2], [1]));
        Assert.Throws<ArgumentException>(() => PairedTTest.Of([1], [2]));
        Assert.Throws<ArgumentException>(() => SampleMoments.Mean([]));
    }
}
