using LoraLab.Contracts;
using LoraLab.Server.Runs;
using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests;

/// <summary>Curves stand out from what is behind them in both themes.</summary>
public sealed class ColorContrastTests
{
    public static TheoryData<string> Methods => [.. LoraMethods.All.Select(method => method.Id)];

    [Theory]
    [InlineData("#000000", "#ffffff", 21)]
    [InlineData("#777777", "#ffffff", 4.48)]
    [InlineData("#1f77b4", "#1f77b4", 1)]
    public void Ratio_OfKnownPairs_IsThatOfWcag(string color, string other, double expected)
    {
        Assert.Equal(expected, ColorContrast.Ratio(color, other), 0.005);
        Assert.Equal(expected, ColorContrast.Ratio(other, color), 0.005);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Color_OfEveryMethod_HasThreeToOneInBothThemes(string method) =>
        AssertStandsOut(LoraMethods.Find(method)!.Descriptor.Color);

    [Theory]
    [MemberData(nameof(Methods))]
    public void Colors_OfTwelveRunsOfAMethod_DifferAndStandOut(string method)
    {
        string color = LoraMethods.Find(method)!.Descriptor.Color;
        Dictionary<string, int> taken = [];
        for (int run = 0; run < 12; run++)
        {
            string assigned = RunColors.Assign(color, taken);
            AssertStandsOut(assigned);
            Assert.True(taken.TryAdd(assigned, 1), $"{assigned} is assigned twice");
        }
    }

    [Theory]
    [InlineData("#ffffff")]
    [InlineData("#000000")]
    [InlineData("#ffff00")]
    public void InBothThemes_OfAnyColor_StandsOut(string color) => AssertStandsOut(ColorContrast.InBothThemes(color));

    private static void AssertStandsOut(string color)
    {
        Assert.InRange(ColorContrast.Ratio(color, ColorContrast.LightSurface), ColorContrast.Graphics, 21);
        Assert.InRange(ColorContrast.Ratio(color, ColorContrast.DarkSurface), ColorContrast.Graphics, 21);
    }
}
