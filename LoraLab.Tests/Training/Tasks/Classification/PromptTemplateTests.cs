using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

public sealed class PromptTemplateTests
{
    [Fact]
    public void Parse_PaperLiteral_IsThePrintedPrompt()
    {
        PromptTemplate prompt = PromptTemplate.Parse("paper-literal");

        Assert.Equal(
            "Classify the sentiment of this sentence: so good \n\n.Sentiment: positive\n", prompt.TrainingText(["so good "], "positive"));
        Assert.Equal("Classify the sentiment of this sentence: so good \n\n.Sentiment:", prompt.EvaluationPrompt("so good "));
    }

    [Fact]
    public void Parse_PaperQuoted_PutsTheSentenceInQuotes() =>
        Assert.Equal(
            "Classify the sentiment of this sentence: \"so good \"\n\n.Sentiment:",
            PromptTemplate.Parse("paper-quoted").EvaluationPrompt("so good "));

    [Fact]
    public void TrainingText_SentenceThatLooksLikeAPlaceholder_StaysText()
    {
        PromptTemplate prompt = PromptTemplate.Parse("Review: {sentence} Mood: {label}.");

        Assert.Equal("Review: a {label} {sentence} Mood: bad.", prompt.TrainingText(["a {label} {sentence}"], "bad"));
        Assert.Equal("Review: a {label} {sentence} Mood:", prompt.EvaluationPrompt("a {label} {sentence}"));
    }

    [Theory]
    [InlineData("Sentiment: {label}", "{sentence}")]
    [InlineData("{sentence} is", "{label}")]
    [InlineData("{sentence}:{label}", "space before {label}")]
    [InlineData(" {label} is {sentence}", "before {sentence}")]
    [InlineData("{sentence} {sentence} {label}", "more than once")]
    [InlineData("{sentence} {label} {label}", "more than once")]
    [InlineData("paper-litteral", "paper-literal")]
    [InlineData("", "paper-literal")]
    public void Parse_BrokenTemplate_NamesTheProblem(string template, string named)
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => PromptTemplate.Parse(template));

        Assert.Equal("prompt", failure.Field);
        Assert.Contains(named, failure.Message);
    }
}
