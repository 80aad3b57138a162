using System.Diagnostics;
using System.Text.Json;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization;

public sealed class LlamaTokenizerTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("stories260K", "stories260K", 512)]
    [InlineData("TinyLlama-1.1B-Chat-v1.0-tokenizer-only", "tinyllama-chat-v1.0", 32000)]
    public void Encode_ReferenceTexts_GivesTheReferenceIds(string model, string key, int vocabulary)
    {
        ITokenizer tokenizer = LlamaTokenizerFile.Load(Fixtures.Data("models", model));
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("tokenizer.json")));

        Assert.Equal(vocabulary, tokenizer.VocabularySize);
        Assert.Equal([1], tokenizer.Prefix);
        int wrong = golden.RootElement.GetProperty("cases").EnumerateArray().Count(item =>
            !tokenizer.Encode(item.GetProperty("text").GetString()!)
                .SequenceEqual(item.GetProperty(key).EnumerateArray().Select(id => id.GetInt32())));
        output.WriteLine($"DEVIATION | tokenizer.json, {key} | texts with other ids | {wrong} | limit 0 | "
            + $"{golden.RootElement.GetProperty("cases").GetArrayLength()} values");
        Assert.All(golden.RootElement.GetProperty("cases").EnumerateArray(), item =>
        {
            string text = item.GetProperty("text").GetString()!;
            int[] ids = tokenizer.Encode(text);
            Assert.Equal(item.GetProperty(key).EnumerateArray().Select(id => id.GetInt32()), ids);
            Assert.Equal(text, tokenizer.Decode(ids));
        });
    }

    [Fact]
    public void Encode_LlamaCppStrings_GivesTheirIds()
    {
        ITokenizer tokenizer = LlamaTokenizerFile.Load(Fixtures.TinyLlamaTokenizer);
        string[] texts = File.ReadAllText(Fixtures.Golden("llama-spm", "ggml-vocab-llama-spm.gguf.inp")).Split("\n__ggml_vocab_test__\n");
        string[] ids = File.ReadAllLines(Fixtures.Golden("llama-spm", "ggml-vocab-llama-spm.gguf.out"));

        Assert.True(texts.Length >= 47);
        int wrong = ids.Index().Count(line => line.Item.Trim() != string.Join(' ', tokenizer.Encode(texts[line.Index]).Skip(1)));
        output.WriteLine($"DEVIATION | llama-spm | texts with other ids | {wrong} | limit 0 | {ids.Length} values");
        Assert.All(ids.Index(), line => Assert.Equal(line.Item.Trim(), string.Join(' ', tokenizer.Encode(texts[line.Index]).Skip(1))));
    }

    // Of overlapping merges with equal scores SentencePiece takes the left one. Ids from SentencePiece 0.1.97.
    [Theory]
    [InlineData("", new[] { 1 })]
    [InlineData("hmmm", new[] { 1, 298, 4317, 29885 })]
    [InlineData("!!!!!!", new[] { 1, 1738, 6824, 21004 })]
    [InlineData("-------", new[] { 1, 448, 22158 })]
    [InlineData("Jahrhiii", new[] { 1, 8258, 25609 })]
    [InlineData("  ", new[] { 1, 1678 })]
    public void Encode_RepeatedCharacters_MergesTheLeftPairFirst(string text, int[] expected) =>
        Assert.Equal(expected, LlamaTokenizerFile.Load(Fixtures.TinyLlamaTokenizer).Encode(text));

    [Theory]
    [InlineData("<s>")]
    [InlineData("</s> positive")]
    [InlineData("<unk><0x0A>")]
    public void Encode_TextThatLooksLikeASpecialToken_IsText(string text)
    {
        ITokenizer tokenizer = LlamaTokenizerFile.Load(Fixtures.TinyLlamaTokenizer);
        int[] ids = tokenizer.Encode(text);

        Assert.DoesNotContain(ids[1..], id => id < 3);
        Assert.DoesNotContain(13, ids);
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Fact]
    public void Encode_TwentyThousandPrompts_TakesLessThanThirtySeconds()
    {
        ITokenizer tokenizer = LlamaTokenizerFile.Load(Fixtures.TinyLlamaTokenizer);
        string[] prompts = [.. File.ReadLines(Fixtures.Data("sst2", "train.tsv")).Skip(1).Take(20000)
            .Select(line => $"Classify the sentiment of this sentence: {line.Split('\t')[0]}\n\n.Sentiment: positive\n")];

        // Half a second on an idle core; the limit allows for a loaded machine and catches quadratic growth.
        Stopwatch watch = Stopwatch.StartNew();

        foreach (string prompt in prompts)
        {
            tokenizer.Encode(prompt);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"it took {watch.Elapsed}");
    }

    [Theory]
    [InlineData("not a model")]
    [InlineData("")]
    public void Load_FileThatIsNotAModel_IsRejectedWithAMessage(string content)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("tokenizer.model", content);

        Assert.Contains(path, Assert.Throws<RunFailure>(() => LlamaTokenizerFile.Load(folder.Path)).Message);
    }
}
