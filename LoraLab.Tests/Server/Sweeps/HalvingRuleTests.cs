using LoraLab.Server.Sweeps.Pruning;
using Xunit;

namespace LoraLab.Tests.Server.Sweeps;

/// <summary>Where rungs lie and how many runs pass them.</summary>
public sealed class HalvingRuleTests
{
    [Theory]
    [InlineData(50, 3, 50, 1250, new[] { 50, 150, 450 })]
    [InlineData(1, 3, 50, 1250, new[] { 50, 100, 250, 750 })]
    [InlineData(60, 2, 50, 400, new[] { 100, 150, 250 })]
    [InlineData(50, 3, 50, 50, new int[0])]
    [InlineData(100, 100, 100, int.MaxValue, new[] { 100, 10_000, 1_000_000, 100_000_000 })]
    public void Rungs_LieAtEvaluationsBeforeTheEnd(int first, int factor, int evalEvery, int total, int[] expected) =>
        Assert.Equal(expected, HalvingRule.Rungs(first, factor, evalEvery, total));

    [Theory]
    [InlineData(27, 3, 3, new[] { 27, 9, 3, 1 })]
    [InlineData(10, 2, 3, new[] { 10, 3, 1 })]
    [InlineData(2, 3, 3, new[] { 2, 1, 1, 1 })]
    public void Plan_KeepsOneInSoManyAndAtLeastOne(int runs, int rungs, int factor, int[] expected) =>
        Assert.Equal(expected, HalvingRule.Plan(runs, rungs, factor));
}
