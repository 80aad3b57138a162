using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

public sealed class ExampleEncoderTests
{
    private static readonly string[] _labels = ["negative", "positive"];

    [Fact]
    public void EncodeTraining_StrippedSentences_HaveOneTokenFewerEach()
    {
        ITokenizer tokenizer = LlamaTokenizerFile.Load(Fixtures.TinyLlamaTokenizer);
        LabeledRow row = new(3, "hide new secretions ", 0);
        int[] kept = Encoder(tokenizer, LossScope.Full).EncodeTraining(row).Ids;
        int[] stripped = Encoder(tokenizer, LossScope.Full, strip: true).EncodeTraining(row).Ids;

        Assert.Equal(kept.Length - 1, stripped.Length);
        Assert.Equal(tokenizer.Encode("Classify the sentiment of this sentence: hide new secretions\n\n.Sentiment: negative\n"), stripped);
    }

    [Fact]
    public void EncodeTraining_Completion_TargetsTheLabelAndWhatFollows()
    {
        TrainingExample example = Encoder(Fixtures.TinyLlamaTokenizer, LossScope.Completion)
            .EncodeTraining(new LabeledRow(9, "so good ", 1));

        Assert.Equal(9, example.Row);
        Assert.Equal([6374, 13], example.Ids[Assert.Single(example.Targets).Start..]);
    }

    [Fact]
    public void EncodeEvaluation_Labels_AreOnePieceInTinyLlamaAndSeveralInStories()
    {
        LabeledRow row = new(4, "so good ", 1);
        EvaluationExample large = Encoder(Fixtures.TinyLlamaTokenizer, LossScope.Full).EncodeEvaluation(row);
        EvaluationExample small = Encoder(Fixtures.Stories260K, LossScope.Full).EncodeEvaluation(row);

        Assert.Equal([[8178], [6374]], large.LabelIds);
        Assert.Equal((4, 1, 1, 29901), (large.Row, large.Label, large.PromptIds[0], large.PromptIds[^1]));
        Assert.All(small.LabelIds, ids => Assert.True(ids.Length > 1));
        Assert.NotEqual(small.LabelIds[0], small.LabelIds[1]);
    }

    [Fact]
    public void EncodeEvaluation_LabelThatMergesIntoThePrompt_NamesTheRow()
    {
        // The id of the prompt is not the first id of the prompt with a label, as if the label merged with the prompt.
        ExampleEncoder encoder = new(
            new LastWordTokenizer(), PromptTemplate.Parse("{sentence} is {label}"), _labels, LossScope.Full, stripSentence: false);

        RunFailure failure = Assert.Throws<RunFailure>(() => encoder.EncodeEvaluation(new LabeledRow(17, "x", 0)));

        Assert.Contains("Row 17", failure.Message);
        Assert.Equal("prompt", failure.Field);
    }

    [Fact]
    public void EncodeTraining_CompletionThatMergesIntoThePrompt_NamesTheRow()
    {
        ExampleEncoder encoder = new(
            new LastWordTokenizer(), PromptTemplate.Parse("{sentence} is {label}"), _labels, LossScope.Completion, stripSentence: false);

        Assert.Contains("Row 17", Assert.Throws<RunFailure>(() => encoder.EncodeTraining(new LabeledRow(17, "x", 0))).Message);
        SplitSource source = new("train.tsv", [2, 3, 7]);
        Assert.StartsWith(
            "Line 7 of train.tsv: the tokens of its training text",
            Assert.Throws<RunFailure>(() => encoder.EncodeTraining(new LabeledRow(2, "x", 0), source)).Message);
    }

    [Fact]
    public void EncodeEvaluation_LabelsWithTheSameIds_AreRefused()
    {
        ExampleEncoder encoder = new(
            new FirstLetterTokenizer(),
            PromptTemplate.Parse("{sentence}: {label}"),
            ["poor", "perfect"],
            LossScope.Full,
            stripSentence: false);

        RunFailure failure = Assert.Throws<RunFailure>(() => encoder.EncodeEvaluation(new LabeledRow(2, "x", 0)));

        Assert.Contains("'poor' and 'perfect'", failure.Message);
    }

    private static ExampleEncoder Encoder(string modelFolder, LossScope scope) => Encoder(LlamaTokenizerFile.Load(modelFolder), scope);

    private static ExampleEncoder Encoder(ITokenizer tokenizer, LossScope scope, bool strip = false) =>
        new(tokenizer, PromptTemplate.Parse("paper-literal"), _labels, scope, strip);

    /// <summary>Its only id depends on the whole text, as if the label merged with the text before it.</summary>
    private sealed class LastWordTokenizer : FakeTokenizer
    {
        public override int[] Encode(string text, bool withPrefix) => [1, text.Length];
    }

    /// <summary>Encodes a word as its first letter.</summary>
    private sealed class FirstLetterTokenizer : FakeTokenizer
    {
        public override int[] Encode(string text, bool withPrefix) => [1, .. text.Split(' ').Select(word => (int)word[0])];
    }

    private abstract class FakeTokenizer : ITokenizer
    {
        public string FileName => "tokenizer.json";

        public int VocabularySize => 1000;

        public IReadOnlyList<int> Prefix => [1];

        public abstract int[] Encode(string text, bool withPrefix);

        public int[] Encode(string text, IReadOnlyList<int> positions, out TokenMark[] marks) => throw new NotSupportedException();

        public string Decode(IReadOnlyList<int> ids) => string.Join(' ', ids);
    }
}
