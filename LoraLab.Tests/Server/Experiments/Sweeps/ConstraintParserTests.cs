using CsCheck;
using LoraLab.Server.Experiments.Sweeps.Space;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>The constraint language.</summary>
public sealed class ConstraintParserTests
{
    [Theory]
    [InlineData("a >= b", 2, 1, true)]
    [InlineData("a >= b", 1, 2, false)]
    [InlineData("a>=4*b", 4e-4, 1e-4, true)] // 4 × 1e-4 is not the double 4e-4
    [InlineData("a > 4*b", 4e-4, 1e-4, false)]
    [InlineData("a / b == 2 + 2", 8, 2, true)]
    [InlineData("a - b - 1 == 2", 6, 3, true)]
    [InlineData("a / b / 2 == 1", 8, 4, true)]
    [InlineData("2 + a * b <= 14", 3, 4, true)]
    [InlineData("(2 + a) * b <= 14", 3, 4, false)]
    [InlineData("-a < -(b)", 2, 1, true)]
    [InlineData("a != b", 1, 1, false)]
    [InlineData("1e-3 < a * .5", 0.0021, 0, true)]
    [InlineData("a / b >= 0", 1, 0, false)] // a division by zero satisfies nothing
    public void Holds_Comparison_IsThatOfArithmetic(string text, double a, double b, bool expected) =>
        Assert.Equal(expected, Parse(text).Holds(field => field == "a" ? a : b));

    [Theory]
    [InlineData("a >=", 5, "the end of the text")]
    [InlineData("a", 2, "the end of the text")]
    [InlineData("", 1, "the end of the text")]
    [InlineData("a >= c", 6, "no field c")]
    [InlineData("a >= b >= 1", 8, "second comparison")]
    [InlineData("a >= (b + 1", 12, "')' is missing")]
    [InlineData("a >= b)", 7, "where the comparison should end")]
    [InlineData("a = b", 3, "one of < <=")]
    [InlineData("a >= 1.2.3", 6, "not a number")]
    [InlineData("a >= $b", 6, "number or a field")]
    [InlineData("system('x') >= a", 1, "no field system")]
    public void Parse_NotAComparison_NamesThePlace(string text, int place, string reason)
    {
        FormatException wrong = Assert.Throws<FormatException>(() => Parse(text));

        Assert.Contains($"at character {place} of '{text}'", wrong.Message, StringComparison.Ordinal);
        Assert.Contains(reason, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_DeepOrLong_IsRefused()
    {
        Assert.Contains(
            "nested signs and parentheses",
            Assert.Throws<FormatException>(() => Parse(new string('(', 200) + "a")).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "nested signs and parentheses",
            Assert.Throws<FormatException>(() => Parse(new string('-', 200) + "a > 1")).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "at most 300",
            Assert.Throws<FormatException>(() => Parse("a > " + string.Join(" + ", Enumerable.Repeat("1", 100)))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AnyText_IsAComparisonOrSaysWhatIsWrong() =>
        Gen.OneOf(Gen.String[Gen.Char["ab19.eE+-*/()<>=! \u00e4"], 0, 40], Gen.String).Sample(text =>
        {
            try
            {
                _ = Parse(text).Holds(_ => 1);
            }
            catch (FormatException wrong)
            {
                Assert.NotEmpty(wrong.Message);
            }
        });

    private static Constraint Parse(string text) =>
        ConstraintParser.Parse(text, name =>
            name is "a" or "b" ? ConstraintOperand.Searched : new ConstraintOperand(null, $"there is no field {name}"));
}
