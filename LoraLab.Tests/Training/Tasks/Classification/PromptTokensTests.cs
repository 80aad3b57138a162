using System.Text.Json;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Data;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

/// <summary>The tokens of the paper's prompt under its tokenizer, against published ids and totals.</summary>
public sealed class PromptTokensTests(ITestOutputHelper output)
{
    private static readonly string[] _labels = ["negative", "positive"];
    private static readonly Lazy<ITokenizer> _tokenizer = new(() => LlamaTokenizerFile.Load(Fixtures.TinyLlamaTokenizer));
    private static readonly Lazy<ClassificationDataset> _sst2 = new(() => ClassificationReader.Read("sst2", Fixtures.Sst2));

    [Theory]
    [InlineData("positive", new[] { 6374 })]
    [InlineData("negative", new[] { 8178 })]
    [InlineData(" positive", new[] { 29871, 6374 })]
    [InlineData("Sentiment: positive", new[] { 29901, 6374 })]
    [InlineData("Sentiment: ", new[] { 29901, 29871 })]
    [InlineData("x \n\n.Sentiment: positive\n", new[] { 29871, 13, 13, 29889, 29903, 296, 2073, 29901, 6374, 13 })]
    public void Encode_WordsOfThePrompt_EndInThePublishedIds(string text, int[] expected) =>
        Assert.Equal(expected, _tokenizer.Value.Encode(text)[^expected.Length..]);

    [Fact]
    public void EncodeTraining_PapersSubset_HasTheTokensOfTheReference()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("subset.json")));
        long expected = golden.RootElement.GetProperty("tinyllamaTokensOfFirst20000_paperLiteral_trailingSpaceKept_withBos").GetInt64();

        TrainingExample[] examples = Examples(strip: false);
        long kept = examples.Sum(example => (long)example.Ids.Length);

        output.WriteLine($"DEVIATION | subset.json | tokens of the 20,000 | {Math.Abs(kept - expected)} | limit 0 | {expected} values");
        Assert.Equal(expected, kept);
        // Also published: the shortest and longest, and that each sentence has one token fewer without its trailing space.
        Assert.Equal((20, 89), (examples.Min(example => example.Ids.Length), examples.Max(example => example.Ids.Length)));
        Assert.All(examples, example => Assert.Equal((1, 1), (example.Ids[0], example.Targets[0].Start)));
        Assert.Equal(617_174, Examples(strip: true).Sum(example => example.Ids.Length));
    }

    [Fact]
    public void EncodeEvaluation_EveryDevRow_AddsTheLabelsOwnToken()
    {
        ExampleEncoder encoder = Encoder(strip: false);

        EvaluationExample[] examples = [.. _sst2.Value.Dev.Select(row => encoder.EncodeEvaluation(row))];

        Assert.Equal(872, examples.Length);
        Assert.All(examples, example => Assert.Equal([[8178], [6374]], example.LabelIds));
        // The prompt ends right after the colon.
        Assert.All(examples, example => Assert.Equal(29901, example.PromptIds[^1]));
    }

    private static TrainingExample[] Examples(bool strip)
    {
        ExampleEncoder encoder = Encoder(strip);
        return [.. _sst2.Value.Select(new RunSpec()).Consumed.Select(row => encoder.EncodeTraining(row))];
    }

    private static ExampleEncoder Encoder(bool strip) =>
        new(_tokenizer.Value, PromptTemplate.Parse("paper-literal"), _labels, LossScope.Full, strip);
}
