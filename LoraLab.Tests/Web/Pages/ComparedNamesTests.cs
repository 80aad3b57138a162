using LoraLab.Contracts.Compare;
using LoraLab.Web.Pages.Comparison;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>Names on Compare leave out what all compared runs begin with.</summary>
public sealed class ComparedNamesTests
{
    [Theory]
    [InlineData("small: lora, seed 1", "small: pissa, seed 1", "lora, seed 1")]
    [InlineData("a: b: lora", "a: b: pissa", "lora")]
    [InlineData("a: b: lora", "a: c: lora", "b: lora")]
    [InlineData("small: lora", "large: lora", "small: lora")]
    [InlineData("small: ", "small: lora", "small: ")]
    [InlineData("lora 1", "lora 2", "lora 1")]
    public void Of_TwoRuns_LeavesOutWhatBothBeginWith(string name, string other, string expected)
    {
        CompareRow row = Row("a", name);

        Assert.Equal(expected, ComparedNames.Of(row, [row, Row("b", other)]));
        Assert.Equal(name, ComparedNames.Of(row, [row]));
    }

    private static CompareRow Row(string id, string name) => new()
    {
        RunId = id,
        Name = name,
        Method = "lora",
        Color = "#2a78d6",
    };
}
