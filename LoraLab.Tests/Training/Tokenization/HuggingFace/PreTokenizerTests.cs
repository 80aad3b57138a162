using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization.HuggingFace;

/// <summary>
/// Pre-tokenizers of <c>tokenizer.json</c>; the rules are those of tokenizers, folder <c>pre_tokenizers</c> and
/// <c>tokenizer/normalizer.rs</c>. A Metaspace behind them puts a bar in front of every piece.
/// </summary>
public sealed class PreTokenizerTests
{
    private const string Bars = """{"type":"Metaspace","replacement":"|","prepend_scheme":"always","split":false}""";

    [Theory]
    [InlineData("Removed", false, "|a|b")]
    [InlineData("Isolated", false, "|a|-|-|b|-")]
    [InlineData("MergedWithPrevious", false, "|a-|-|b-")]
    [InlineData("MergedWithNext", false, "|a|-|-b|-")]
    [InlineData("Contiguous", false, "|a|--|b|-")]
    [InlineData("Removed", true, "|-|-|-")]
    [InlineData("MergedWithPrevious", true, "|a|-|-b|-")]
    [InlineData("MergedWithNext", true, "|a-|-|b-")]
    public void Split_Behavior_DealsWithTheMatches(string behavior, bool invert, string expected)
    {
        Assert.Equal(expected, Pieces(Split("String", "-", behavior, invert), "a--b-"));
        Assert.Equal(expected, Pieces(Split("Regex", "[-]", behavior, invert), "a--b-"));
    }

    // The classes of Oniguruma are about code points: letters beyond U+FFFF, the long s and the Kelvin sign.
    [Theory]
    [InlineData(@"\p{L}+", "a\U00010400\u00e91\u0301", "|a\U00010400\u00e9|1\u0301")]
    [InlineData(@"\p{N}{1,3}", "1234\u00bd\U0001d7d8", "|123|4\u00bd\U0001d7d8")]
    [InlineData(@"(?i:'s|'k)", "x'\u017fy'\u212a'S", "|x|'\u017f|y|'\u212a|'S")]
    [InlineData(@"\s+(?!\S)|\s+", "a\t\t\tb\u3000", "|a|\t\t|\t|b|\u3000")]
    [InlineData(@"[^\s\p{L}\p{N}]+", "a\U0001F642!b", "|a|\U0001F642!|b")]
    [InlineData(@"[^(\s|[.,])]+", "(a.b)c\u00a0d", "|(|a|.|b|)|c|\u00a0|d")]
    [InlineData(@"[a-e&&[^c]]+", "abcde", "|ab|c|de")]
    [InlineData("[A-Z\U00010400-\U00010410]+", "A\U00010401b", "|A\U00010401|b")]
    [InlineData(@"(?<=a)b|(?<!a)c", "abcac", "|a|b|c|ac")]
    [InlineData(@"(?>a|ab)b", "abb", "|ab|b")]
    [InlineData(@"\p{N}{1,2}+", "12345", "|12345")]
    [InlineData(@"a++b|a", "aab", "|aab")]
    [InlineData(@"\s+$", "a\t\nb\t", "|a|\t|\nb|\t")]
    [InlineData(@".", "a\nb", "|a|\n|b")]
    public void Split_Expression_IsOnigurumas(string pattern, string text, string expected) =>
        Assert.Equal(expected, Pieces(Split("Regex", pattern, "Isolated", false), text));

    [Theory]
    [InlineData("""{"type":"Digits","individual_digits":true}""", "a12\u2167b", "|a|1|2|\u2167|b")]
    [InlineData("""{"type":"Digits","individual_digits":false}""", "a12\u2167b", "|a|12\u2167|b")]
    [InlineData("""{"type":"Whitespace"}""", " don't\u00a0a_1..b ", "|don|'|t|a_1|..|b")]
    [InlineData("""{"type":"WhitespaceSplit"}""", " don't\u00a0stop\u3000", "|don't|stop")]
    [InlineData("""{"type":"Punctuation","behavior":"Contiguous"}""", "a,$b\u2014c\u20ac", "|a|,$|b|\u2014|c\u20ac")]
    [InlineData("""{"type":"Punctuation"}""", "a,$", "|a|,|$")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Punctuation"}]}""", "a b.", "|a|b|.")]
    public void Split_OtherTypes_Divide(string preTokenizer, string text, string expected) =>
        Assert.Equal(expected, Pieces(preTokenizer, text));

    [Theory]
    [InlineData("always", true, "a b  c", "|\u2581a|\u2581b|\u2581|\u2581c")]
    [InlineData("always", false, "a b", "|\u2581a\u2581b")]
    [InlineData("always", true, " a", "|\u2581a")]
    [InlineData("never", true, "a b", "|a|\u2581b")]
    [InlineData("first", true, "a b", "|\u2581a|\u2581b")]
    public void Metaspace_Schemes_PrependAndSplit(string scheme, bool split, string text, string expected) => Assert.Equal(
        expected,
        Pieces($$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":{{(split ? "true" : "false")}}}""", text));

    [Fact]
    public void Metaspace_First_IsForTheStartOfTheRowOnly()
    {
        const string Metaspace = """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}""";
        JsonObject file = HandmadeTokenizer.File(
            preTokenizer: Sequence(Metaspace, HandmadeTokenizer.Bytes), added: $"[{HandmadeTokenizer.Added(256, "<s>", "special")}]");
        ITokenizer tokenizer = HandmadeTokenizer.Load(file);

        Assert.Equal([.. "\u2581a"u8.ToArray().Select(value => (int)value), 256, 'b'], tokenizer.Encode("a<s>b"));
        Assert.Equal([256, 'b'], tokenizer.Encode("<s>b"));
    }

    [Theory]
    [InlineData("""{"type":"Metaspace","replacement":"▁","add_prefix_space":true}""", "\u2581a")]
    [InlineData("""{"type":"Metaspace","replacement":"▁","add_prefix_space":false}""", "a")]
    public void Metaspace_EarlierSpelling_IsUnderstood(string metaspace, string expected) => Assert.Equal(
        expected,
        HandmadeTokenizer.Text(HandmadeTokenizer.Load(HandmadeTokenizer.File(
            preTokenizer: Sequence(metaspace, HandmadeTokenizer.Bytes))).Encode("a")));

    [Theory]
    [InlineData(true, true, "a b1 's", "| a| b|1| '|s")]
    [InlineData(false, true, "it's  ok\n", "|it|'s| | ok|\n")]
    [InlineData(true, false, "a b", "| a b")]
    public void ByteLevel_Options_PrependAndDivide(bool prefix, bool regex, string text, string expected)
    {
        // Its characters for bytes are a text like any other for what follows, so the space is its own character.
        string byteLevel = new JsonObject
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = prefix,
            ["trim_offsets"] = true,
            ["use_regex"] = regex,
        }.ToJsonString();
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(
            preTokenizer: Sequence(byteLevel, Bars, HandmadeTokenizer.Bytes)));

        string pieces = HandmadeTokenizer.Text(tokenizer.Encode(text));

        Assert.Equal(expected, pieces.Replace('\u0120', ' ').Replace('\u010a', '\n'));
    }

    private static string Split(string kind, string pattern, string behavior, bool invert) => new JsonObject
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { [kind] = pattern },
        ["behavior"] = behavior,
        ["invert"] = invert,
    }.ToJsonString();

    private static string Sequence(params string[] parts) => $$"""{"type":"Sequence","pretokenizers":[{{string.Join(',', parts)}}]}""";

    /// <summary>The pieces of a text, with a bar in front of each. A space would become a bar too.</summary>
    private static string Pieces(string preTokenizer, string text)
    {
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(
            preTokenizer: Sequence(preTokenizer, Bars, HandmadeTokenizer.Bytes)));
        return HandmadeTokenizer.Text(tokenizer.Encode(text));
    }
}
