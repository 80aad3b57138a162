using CsCheck;
using LoraLab.Server.Comparison.Statistics;
using Xunit;

namespace LoraLab.Tests.Server.Comparison.Statistics;

public sealed class HolmAdjustmentTests
{
    // By hand from Holm's definition, (m − j + 1)·p₍ⱼ₎ and the running maximum. The first four values are the usual textbook
    // example: at α = 0.05 the procedure rejects the hypotheses of 0.005 and 0.01 and keeps those of 0.03 and 0.04.
    [Theory]
    [InlineData(new[] { 0.01, 0.04, 0.03, 0.005 }, new[] { 0.03, 0.06, 0.06, 0.02 })]
    [InlineData(new[] { 0.02, 0.02, 0.02 }, new[] { 0.06, 0.06, 0.06 })]
    [InlineData(new[] { 0.4, 0.9, 0.6 }, new[] { 1.0, 1, 1 })]
    [InlineData(new[] { 0.01, 0.011 }, new[] { 0.02, 0.02 })]
    [InlineData(new[] { 0.03 }, new[] { 0.03 })]
    [InlineData(new double[0], new double[0])]
    public void Adjust_Examples_AreAsComputedByHand(double[] raw, double[] expected)
    {
        IReadOnlyList<double> adjusted = HolmAdjustment.Adjust(raw);

        Assert.Equal(expected.Length, adjusted.Count);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], adjusted[i], 1e-12);
        }
    }

    // The procedure as Holm states it: walk up from the smallest p, reject while p₍ⱼ₎ ≤ α/(m − j + 1), stop at the first that is not.
    [Fact]
    public void Adjust_AnyPValues_RejectsWhatTheSequentialProcedureRejects() =>
        Gen.Select(Gen.Double[0, 1].Array[1, 40], Gen.Double[0.001, 0.5]).Sample((raw, alpha) =>
        {
            IReadOnlyList<double> adjusted = HolmAdjustment.Adjust(raw);
            int[] order = [.. Enumerable.Range(0, raw.Length).OrderBy(i => raw[i])];
            bool rejecting = true;
            for (int j = 0; j < order.Length; j++)
            {
                double p = raw[order[j]];
                rejecting &= p * (raw.Length - j) <= alpha;
                Assert.Equal(rejecting, adjusted[order[j]] <= alpha);
                Assert.InRange(adjusted[order[j]], p, 1);
                Assert.True(j == 0 || adjusted[order[j]] >= adjusted[order[j - 1]], "The order of the tests changed.");
            }
        });

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Adjust_NoPValue_IsRefused(double p) => Assert.Throws<ArgumentOutOfRangeException>(() => HolmAdjustment.Adjust([0.5, p]));
}
