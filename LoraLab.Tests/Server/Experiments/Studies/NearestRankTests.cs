using System.Text.Json.Nodes;
using CsCheck;
using LoraLab.Server.Experiments.Studies.Fair;
using LoraLab.Tests.Training.Adapters;
using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>The rank that comes nearest a budget of trainable parameters.</summary>
public sealed class NearestRankTests
{
    [Theory]
    [InlineData(1000, 4)]
    [InlineData(1124, 4)]
    [InlineData(1125, 4)] // Halfway: the smaller rank.
    [InlineData(1126, 5)]
    [InlineData(1, 1)]
    [InlineData(100_000, 6)]
    public void Of_LinearCounts_IsNearest(long budget, int rank) =>
        Assert.Equal(rank, NearestRank.Of([250, 500, 750, 1000, 1250, 1500], budget));

    [Fact]
    public void Of_RanksThatAreNotAllowedAndEqualCounts_AreLeftOut()
    {
        Assert.Equal(3, NearestRank.Of([null, null, 300, 300, 100, null], 280));
        Assert.Null(NearestRank.Of([null, null], 280));
        Assert.Null(NearestRank.Of([], 280));
    }

    [Theory]
    [MemberData(nameof(MethodBatteryTests.Methods), MemberType = typeof(MethodBatteryTests))]
    public void Of_EveryMethodAndShape_NoOtherRankIsNearer(string id)
    {
        LoraMethod method = LoraMethods.Find(id)!;
        JsonObject options = method.Complete([], []);
        Gen.Select(Gen.Int[2, 96], Gen.Int[2, 96], Gen.Long[1, 20_000]).Sample((outputs, inputs, budget) =>
        {
            LinearShape shape = new("q_proj", outputs, inputs);
            long?[] counts =
            [
                .. Enumerable.Range(1, Math.Min(outputs, inputs)).Select(rank =>
                    method.ComponentsNeeded(rank, options) <= Math.Min(outputs, inputs)
                        ? method.TrainableParameters(shape, rank, options)
                        : (long?)null),
            ];

            int? rank = NearestRank.Of(counts, budget);

            if (counts.All(count => count is null))
            {
                return rank is null;
            }

            long distance = Math.Abs(counts[rank!.Value - 1]!.Value - budget);
            return counts.Index().All(count => count.Item is not long other
                || Math.Abs(other - budget) > distance || (Math.Abs(other - budget) == distance && count.Index + 1 >= rank));
        });
    }
}
