using LoraLab.Training.Tasks.Completion.Metrics;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Completion;

public sealed class TextMetricsTests
{
    [Theory]
    [InlineData("Paris", " Paris\n", 1)]
    [InlineData("Paris", "paris", 0)]
    [InlineData("Paris", "Paris.", 0)]
    [InlineData("two  words", "two words", 0)]
    public void ExactMatch_WhiteSpaceAtTheEnds_DoesNotCount(string reference, string generated, double expected) =>
        Assert.Equal(expected, TextMetrics.ExactMatch(reference, generated));

    /// <summary>Worked out by hand: twice the common subsequence over the words of both.</summary>
    [Theory]
    [InlineData("the cat sat on the mat", "the cat is on the mat", 10.0 / 12)]
    [InlineData("The CAT, sat!", "the cat sat", 1)]
    [InlineData("a b c d", "d c b a", 2.0 / 8)]
    [InlineData("one two three", "three", 2.0 / 4)]
    [InlineData("It's 3.5", "its 35", 0)]
    [InlineData("It's 3.5", "it s 3 5", 1)]
    [InlineData("naïve", "na ve", 1)]
    [InlineData("", "something", 0)]
    [InlineData("...", "...", 0)]
    public void RougeL_Texts_IsTheFMeasureOfTheLongestCommonSubsequence(string reference, string generated, double expected) =>
        Assert.Equal(expected, TextMetrics.RougeL(reference, generated), 12);

    [Theory]
    [InlineData("She pays 3 + 4 = <<3+4=7>>7 dollars.\n#### 7", "So the answer is $7.", 1.0)]
    [InlineData("#### 1,234", "It is 1234 in all", 1.0)]
    [InlineData("#### 1234", "1,234.00", 1.0)]
    [InlineData("#### 0.5", "a half, .50", 1.0)]
    [InlineData("#### -3", "that makes -3 degrees", 1.0)]
    [InlineData("#### 3", "5-3", 1.0)]
    [InlineData("#### -3", "3", 0.0)]
    [InlineData("#### 42", "42 apples, of which 2 are bad", 0.0)]
    [InlineData("#### 42", "no idea", 0.0)]
    [InlineData("#### 007", "7", 1.0)]
    [InlineData("#### 12", "between 1,2 and 12", 1.0)]
    [InlineData("#### 123456789012345678901234567890", "123456789012345678901234567891", 0.0)]
    [InlineData("no number", "7", null)]
    public void NumericMatch_LastNumbers_AreCompared(string reference, string generated, double? expected) =>
        Assert.Equal(expected, TextMetrics.NumericMatch(reference, generated));
}
