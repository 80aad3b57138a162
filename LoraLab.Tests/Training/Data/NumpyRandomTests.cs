using System.Text.Json;
using LoraLab.Tests.Support;
using LoraLab.Training.Data;
using Xunit;

namespace LoraLab.Tests.Training.Data;

public sealed class NumpyRandomTests
{
    // numpy.random.default_rng(seed).permutation(12), NumPy 1.24.2.
    [Theory]
    [InlineData(0, new[] { 9, 2, 7, 4, 5, 11, 0, 3, 6, 10, 8, 1 })]
    [InlineData(42, new[] { 0, 7, 6, 9, 11, 3, 5, 2, 4, 10, 1, 8 })]
    [InlineData(4294967295, new[] { 1, 4, 0, 6, 8, 7, 10, 3, 11, 5, 2, 9 })]
    [InlineData(4294967296, new[] { 0, 7, 1, 11, 3, 10, 4, 6, 9, 8, 2, 5 })]
    [InlineData(1099511627783, new[] { 8, 2, 6, 1, 11, 9, 3, 7, 4, 5, 0, 10 })]
    [InlineData(123456789012345, new[] { 2, 11, 8, 9, 4, 3, 7, 5, 10, 0, 1, 6 })]
    [InlineData(long.MaxValue, new[] { 0, 2, 3, 5, 7, 10, 11, 6, 9, 8, 1, 4 })]
    public void Permutation_AnySeed_EqualsNumPy(long seed, int[] expected) => Assert.Equal(expected, NumpyRandom.Permutation(seed, 12));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Permutation_NothingToShuffle_IsTheIdentity(int count) =>
        Assert.Equal(Enumerable.Range(0, count), NumpyRandom.Permutation(7, count));

    [Fact]
    public void Permutation_NegativeSeed_IsRejectedAsByNumPy() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NumpyRandom.Permutation(-1, 3));

    [Fact]
    public void Permutation_ReferenceVectors_AreMet()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("subset.json")));
        int[] paper = NumpyRandom.Permutation(42, 67349);

        Assert.Equal(Numbers(golden.RootElement.GetProperty("permutation10")), NumpyRandom.Permutation(42, 10));
        Assert.Equal(Numbers(golden.RootElement.GetProperty("permutation67349_first20")), paper[..20]);
        Assert.Equal(golden.RootElement.GetProperty("permutation67349_at_19999").GetInt32(), paper[19999]);
        foreach (JsonProperty seed in golden.RootElement.GetProperty("otherSeeds").EnumerateObject())
        {
            Assert.Equal(Numbers(seed.Value), NumpyRandom.Permutation(long.Parse(seed.Name), 1000)[..10]);
        }
    }

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];
}
