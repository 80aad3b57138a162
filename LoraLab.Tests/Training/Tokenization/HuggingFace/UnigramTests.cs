using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization.HuggingFace;

/// <summary>The unigram model by the rules of tokenizers, <c>models/unigram/model.rs</c>.</summary>
public sealed class UnigramTests
{
    // The best sum of scores; an unknown character has the lowest score minus 10.
    [Theory]
    [InlineData("abc", new[] { 4, 3 })]
    [InlineData("bc", new[] { 5 })]
    [InlineData("axyb", new[] { 1, 0, 2 })]
    [InlineData("a\u00e9", new[] { 1, 0 })]
    [InlineData("abcabc", new[] { 4, 3, 4, 3 })]
    public void Encode_Text_HasTheBestScore(string text, int[] expected) =>
        Assert.Equal(expected, HandmadeTokenizer.Load(File(false)).Encode(text));

    [Fact]
    public void Encode_ByteFallback_SpellsUnknownCharacters() =>
        Assert.Equal([1, 6, 7, 1, 0], HandmadeTokenizer.Load(File(true)).Encode("a\u00e9ax"));

    [Fact]
    public void Encode_NoUnknownToken_NamesTheCharacter()
    {
        JsonObject file = File(false);
        file["model"]!["unk_id"] = null;

        RunFailure failure = Assert.Throws<RunFailure>(() => HandmadeTokenizer.Load(file).Encode("ax"));

        Assert.Contains("'x'", failure.Message, StringComparison.Ordinal);
    }

    private static JsonObject File(bool fallback) => HandmadeTokenizer.File(preTokenizer: "null", model: new JsonObject
    {
        ["type"] = "Unigram",
        ["unk_id"] = 0,
        ["vocab"] = JsonNode.Parse(
            """[["<unk>",0],["a",-2],["b",-2.5],["c",-2],["ab",-1],["bc",-1.5],["<0xC3>",-9],["<0xA9>",-9]]"""),
        ["byte_fallback"] = fallback,
    });
}
