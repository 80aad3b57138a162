using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization.HuggingFace;

/// <summary>Byte-pair encoding by the rules of tokenizers, <c>models/bpe/model.rs</c> and <c>word.rs</c>.</summary>
public sealed class BytePairTests
{
    private static readonly string[] _tokens = ["<unk>", "a", "b", "c", "ab", "bc", "abc", "aa", "<0xC3>", "<0xA9>", "\u2581", "\u2581a"];

    private static readonly string[][] _merges = [["b", "c"], ["a", "b"], ["a", "bc"], ["a", "a"], ["\u2581", "a"]];

    // The lowest rank merges first, then the leftmost.
    [Theory]
    [InlineData("abc", new[] { 6 })]
    [InlineData("abab", new[] { 4, 4 })]
    [InlineData("aaa", new[] { 7, 1 })]
    [InlineData("aab", new[] { 1, 4 })]
    [InlineData("abbc", new[] { 4, 5 })]
    public void Encode_OverlappingMerges_TakesTheLowestRankThenTheLeftmost(string text, int[] expected) =>
        Assert.Equal(expected, Load().Encode(text));

    [Fact]
    public void Encode_LongWord_IsMergedLikeAShortOne()
    {
        string word = string.Concat(Enumerable.Repeat("abcaab", 40));

        Assert.Equal(Enumerable.Repeat(new[] { 6, 1, 4 }, 40).SelectMany(ids => ids), Load().Encode(word));
    }

    [Fact]
    public void Encode_MergesAsLines_AreTheSame()
    {
        JsonObject file = File();
        file["model"]!["merges"] = new JsonArray([.. _merges.Select(merge => (JsonNode)string.Join(' ', merge))]);

        Assert.Equal([6, 4, 7], HandmadeTokenizer.Load(file).Encode("abcabaa"));
    }

    [Theory]
    [InlineData(false, false, new[] { 1, 0, 0, 2, 0 })]
    [InlineData(true, false, new[] { 1, 0, 2, 0 })]
    [InlineData(false, true, new[] { 1, 8, 9, 0, 2, 0 })]
    public void Encode_UnknownCharacters_AreFusedOrBytes(bool fuse, bool fallback, int[] expected)
    {
        JsonObject file = File();
        (file["model"]!["fuse_unk"], file["model"]!["byte_fallback"]) = (fuse, fallback);

        Assert.Equal(expected, HandmadeTokenizer.Load(file).Encode("a\u00e9xbx"));
    }

    [Fact]
    public void Encode_WithoutUnknownToken_LeavesThemOut()
    {
        JsonObject file = File();
        file["model"]!["unk_token"] = null;

        Assert.Equal([4], HandmadeTokenizer.Load(file).Encode("axb"));
    }

    // "aab" is a token that no merge makes.
    [Theory]
    [InlineData(true, new[] { 12 })]
    [InlineData(false, new[] { 1, 4 })]
    public void Encode_IgnoreMerges_TakesWholeTokens(bool ignore, int[] expected)
    {
        JsonObject file = HandmadeTokenizer.File(
            preTokenizer: "null", model: HandmadeTokenizer.Model([.. _tokens, "aab"], _merges, "<unk>"));
        file["model"]!["ignore_merges"] = ignore;

        Assert.Equal(expected, HandmadeTokenizer.Load(file).Encode("aab"));
    }

    [Fact]
    public void Encode_MergeThatCrossesWords_IsMade()
    {
        JsonObject file = HandmadeTokenizer.File(
            preTokenizer: "null", model: HandmadeTokenizer.Model([.. _tokens, "a\u2581"], [["a", "\u2581"], .. _merges], "<unk>"));

        Assert.Equal([12, 1], HandmadeTokenizer.Load(file).Encode("a\u2581a"));
        Assert.Equal([1, 11], Load().Encode("a\u2581a"));
    }

    private static JsonObject File() =>
        HandmadeTokenizer.File(preTokenizer: "null", model: HandmadeTokenizer.Model(_tokens, _merges, "<unk>"));

    private static ITokenizer Load() => HandmadeTokenizer.Load(File());
}
