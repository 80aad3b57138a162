using System.Text;
using LoraLab.Tests.Support;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Generation;
using LoraLab.Training.Tokenization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Generation;

/// <summary>Where a text ends, on a model that writes stories.</summary>
public sealed class StopTests : IDisposable
{
    private readonly LlamaModel _model = LlamaLoader.Load(Fixtures.Stories260K, LlamaConfig.Read(Fixtures.Stories260K), float32, CPU);
    private readonly ITokenizer _tokenizer = LlamaTokenizerFile.Load(Fixtures.Stories260K);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Run_TwoHundredTokensFromBos_AreTheReferenceTextByteForByte()
    {
        byte[] expected = File.ReadAllBytes(Fixtures.Golden("stories260K-greedy-200.stdout.txt"));

        GeneratedText text = Generate(200);

        // The program that wrote the reference appends a line feed.
        Assert.Equal(expected, Encoding.UTF8.GetBytes(text.Text + "\n"));
        Assert.Equal((200, GenerationStop.Length), (text.Ids.Count, text.Stop));
    }

    [Theory]
    [InlineData(10, 6)]
    [InlineData(31, 20)]
    [InlineData(0, 8)]
    public void Run_StopText_EndsBeforeItWhereverItsTokensAre(int start, int length)
    {
        GeneratedText whole = Generate(60);
        string stop = whole.Text!.Substring(start, length);
        int first = whole.Text.IndexOf(stop, StringComparison.Ordinal);

        GeneratedText text = Generate(60, "not in the text", stop);

        Assert.Equal((whole.Text[..first], GenerationStop.StopText), (text.Text, text.Stop));
        Assert.True(_tokenizer.Encode(stop, withPrefix: false).Length > 1, $"'{stop}' should have several tokens.");
        Assert.Equal(whole.Ids.Take(text.Ids.Count), text.Ids);
        Assert.DoesNotContain(stop, _tokenizer.Decode([.. text.Ids.SkipLast(1)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AnyEndToken_IsTheLast()
    {
        int[] whole = [.. Generate(60).Ids];
        GenerationSettings settings = new(60) { StopIds = new HashSet<int> { whole[40], whole[25] } };
        int end = Array.FindIndex(whole, settings.StopIds.Contains);

        GeneratedText text = TextGeneration.Run(_model, [[.. _tokenizer.Prefix]], settings, CancellationToken.None)[0];

        Assert.Equal(whole[..(end + 1)], text.Ids);
        Assert.Equal((GenerationStop.EndToken, null), (text.Stop, text.Text));
    }

    [Fact]
    public void Run_SomeTextsEndEarly_TheOthersContinue()
    {
        int[][] prompts = [.. new[] { "Once upon a time", "The cat", "Lily and Ben went to the park. They saw" }.Select(_tokenizer.Encode)];
        GenerationSettings settings = new(80) { StopTexts = ["."], Tokenizer = _tokenizer };

        IReadOnlyList<GeneratedText> together = TextGeneration.Run(_model, prompts, settings, CancellationToken.None);

        Assert.True(together.Select(text => text.Ids.Count).Distinct().Count() > 1);
        foreach ((int[] prompt, GeneratedText text) in prompts.Zip(together))
        {
            GeneratedText alone = TextGeneration.Run(_model, [prompt], settings, CancellationToken.None)[0];
            Assert.Equal((alone.Text, alone.Stop), (text.Text, text.Stop));
            Assert.Equal(WithoutCache.Greedy(_model, prompt, text.Ids.Count), text.Ids);
        }
    }

    private GeneratedText Generate(int tokens, params string[] stops) => TextGeneration.Run(
        _model, [[.. _tokenizer.Prefix]], new(tokens) { StopTexts = stops, Tokenizer = _tokenizer }, CancellationToken.None)[0];
}
