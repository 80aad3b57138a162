using CsCheck;
using LoraLab.Server.Comparison.Statistics;
using Xunit;

namespace LoraLab.Tests.Server.Comparison.Statistics;

public sealed class WilsonIntervalTests
{
    // R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I,
    // method 3 (Wilson's score without continuity correction), to the four places printed there.
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Of_NewcombesExamples_AreAsPrinted(int correct, int rows, double low, double high)
    {
        (double from, double to) = WilsonInterval.Of(correct, rows);

        Assert.Equal(low, from, 0.00005);
        Assert.Equal(high, to, 0.00005);
    }

    // k = n: the lower end is n/(n + z²), from the formula by hand; z = 1.959963984540054.
    [Fact]
    public void Of_AllRight_EndsAtOneAndStillHasAWidth()
    {
        (double low, double high) = WilsonInterval.Of(10, 10);

        Assert.Equal(10 / (10 + (1.959963984540054 * 1.959963984540054)), low, 1e-12);
        Assert.Equal(1, high);
    }

    [Fact]
    public void Of_AnyCounts_EndsSolveTheScoreEquationAroundTheShare() =>
        Gen.Int[1, 100_000].SelectMany(rows => Gen.Int[0, rows].Select(correct => (correct, rows))).Sample((correct, rows) =>
        {
            (double low, double high) = WilsonInterval.Of(correct, rows);
            double share = correct / (double)rows;
            Assert.True(low >= 0 && low <= share && share <= high && high <= 1, $"{low} {share} {high}");
            Assert.True(low < high);
            // The definition that the closed form solves: (p̂ − p)² = z²·p(1 − p)/n.
            foreach (double end in (double[])[low, high])
            {
                double score = (share - end) * (share - end) * rows / (1.959963984540054 * 1.959963984540054);
                Assert.Equal(end * (1 - end), score, 1e-9);
            }

            (double mirroredLow, double mirroredHigh) = WilsonInterval.Of(rows - correct, rows);
            Assert.Equal(1 - high, mirroredLow, 1e-12);
            Assert.Equal(1 - low, mirroredHigh, 1e-12);
        });

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 5)]
    [InlineData(6, 5)]
    public void Of_CountsThatCannotBe_AreRefused(int correct, int rows) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => WilsonInterval.Of(correct, rows));
}
