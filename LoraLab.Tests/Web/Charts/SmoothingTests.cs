using LoraLab.Web.Charts;
using Xunit;

namespace LoraLab.Tests.Web.Charts;

public sealed class SmoothingTests
{
    [Fact]
    public void Average_ConstantValues_StaysConstantFromTheFirstPointOn() =>
        Assert.All(Smoothing.Average([0, 50, 100, 125], [3, 3, 3, 3], 0.9), value => Assert.Equal(3, value!.Value, 12));

    [Fact]
    public void Average_GapOfTwiceTheSpacing_DecaysTwice()
    {
        double?[] smooth = Smoothing.Average([1, 2, 3, 5], [0, 0, 0, 1], 0.5);

        // Masses of the zeros after three steps: 0.875; after a gap of two: 0.875 · 0.25.
        Assert.Equal(0.5 / ((0.875 * 0.25) + 0.5), smooth[3]!.Value, 12);
    }

    [Fact]
    public void Average_MissingValue_IsSkippedAndStaysMissing()
    {
        double?[] smooth = Smoothing.Average([1, 2, 3], [1, null, 1], 0.9);

        Assert.Null(smooth[1]);
        Assert.Equal(1, smooth[2]!.Value, 12);
    }
}
