using LoraLab.Web.Pages.Runs;
using Xunit;

namespace LoraLab.Tests.Web.Runs;

public sealed class SortKeysTests
{
    [Theory]
    [InlineData("-createdAt", "rank", false, false, "rank")]
    [InlineData("-createdAt", "eval/accuracy", true, false, "-eval/accuracy")]
    [InlineData("rank", "rank", false, false, "-rank")]
    [InlineData("-rank,seed", "rank", false, false, "rank")]
    [InlineData("-eval/accuracy", "rank", false, true, "-eval/accuracy,rank")]
    [InlineData("-eval/accuracy,rank,seed", "rank", false, true, "-eval/accuracy,-rank,seed")]
    public void Next_Click_ReplacesTheOrderAndWithShiftChangesOneKey(
        string sort, string field, bool descendingFirst, bool add, string expected) =>
        Assert.Equal(expected, SortKeys.Next(sort, field, descendingFirst, add));

    [Fact]
    public void Direction_OfSeveralKeys_IsThatOfEach()
    {
        const string Sort = "-eval/accuracy,rank";

        Assert.Equal(
            [-1, 1, 0, 0],
            new[] { "eval/accuracy", "rank", "seed", null }.Select(field => SortKeys.Direction(Sort, field)));
    }
}
