using LoraLab.Server.Comparison.Statistics;
using Xunit;

namespace LoraLab.Tests.Server.Comparison.Statistics;

/// <summary>The results that no other beats in cost and value.</summary>
public sealed class ParetoFrontTests
{
    [Fact]
    public void Of_DominatedItems_AreLeftOutAndTheRestIsOrderedByCost()
    {
        (double Cost, double Value)[] items = [(5, 0.9), (1, 0.6), (3, 0.8), (3, 0.7), (4, 0.8), (6, 0.9)];

        Assert.Equal([(1, 0.6), (3, 0.8), (5, 0.9)], ParetoFront.Of(items, item => item.Cost, item => item.Value));
    }

    [Fact]
    public void Of_EqualItems_StayTogether()
    {
        (double Cost, double Value)[] items = [(2, 0.5), (2, 0.5), (3, 0.4)];

        Assert.Equal([(2, 0.5), (2, 0.5)], ParetoFront.Of(items, item => item.Cost, item => item.Value));
        Assert.Empty(ParetoFront.Of(Array.Empty<(double, double)>(), item => item.Item1, item => item.Item2));
    }
}
