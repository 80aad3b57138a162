using LoraLab.Web.Pages.NewRun;
using Xunit;

namespace LoraLab.Tests.Web.NewRun;

public sealed class FormErrorsTests
{
    [Fact]
    public void ByField_ErrorsOfSeveralRuns_AreThoseOfTheFormsFieldsEachOnce()
    {
        IReadOnlyDictionary<string, IReadOnlyList<string>> fields = FormErrors.ByField(new Dictionary<string, IReadOnlyList<string>>
        {
            ["runs[0].learningRate"] = ["runs[0]: learningRate is -1; it must be positive."],
            ["runs[12].learningRate"] = ["runs[12]: learningRate is -1; it must be positive."],
            ["runs[12].rank"] = ["runs[12]: rank is 0."],
            ["device"] = ["device is a lane."],
        });

        Assert.Equal(["learningRate", "rank", "device"], fields.Keys);
        Assert.Equal(["learningRate is -1; it must be positive."], fields["learningRate"]);
        Assert.Equal(["rank is 0."], fields["rank"]);
    }

    [Fact]
    public void Sentences_NameTheLabelsOfFields()
    {
        IReadOnlyList<string> sentences = FormErrors.Sentences(new Dictionary<string, IReadOnlyList<string>>
        {
            ["learningRate"] = ["learningRate is -1; it must be positive."],
            ["methodOptions.lrRatio"] = ["lrRatio is 0."],
            ["body"] = ["The body is odd."],
        });

        Assert.Equal(
            ["Learning rate: learningRate is -1; it must be positive.", "Method options: lrRatio is 0.", "The body is odd."], sentences);
    }

    [Theory]
    [InlineData("1, 2;3 2", "1 2 3", null)]
    [InlineData("-1", "-1", null)]
    [InlineData(" ,", "", "Enter at least one seed")]
    [InlineData("1, 2x, 3", "1 2x 3", "“2x” is not a whole number")]
    [InlineData("1.5, a", "1.5 a", "“1.5”, “a” are not whole numbers")]
    [InlineData("99999999999999999999", "99999999999999999999", "is not a whole number")]
    public void SeedList_EveryWordMustBeAWholeNumber(string text, string words, string? error)
    {
        SeedList list = SeedList.Read(text);

        Assert.Equal(words, string.Join(' ', list.Words));
        if (error is null)
        {
            Assert.Null(list.Error);
        }
        else
        {
            Assert.Contains(error, list.Error!, StringComparison.Ordinal);
        }
    }
}
