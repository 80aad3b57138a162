using LoraLab.Tests.Support;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization.HuggingFace;

/// <summary>
/// Added tokens and post-processors by the rules of tokenizers, <c>tokenizer/added_vocabulary.rs</c> and <c>processors</c>.
/// </summary>
public sealed class AddedTokenTests
{
    private const string Lowercase = """{"type":"Lowercase"}""";

    [Theory]
    [InlineData("a<s>b", "a,256,b")]
    [InlineData("<s><s>>", "256,256,>")]
    public void Encode_SpecialToken_IsFoundInText(string text, string expected) =>
        Assert.Equal(expected, Shown(text, "null", HandmadeTokenizer.Added(256, "<s>", "special")));

    [Fact]
    public void Encode_SeveralTokens_TakesTheLongestAtTheLeftmostPlace()
    {
        string[] tokens =
            [HandmadeTokenizer.Added(256, "ab"), HandmadeTokenizer.Added(257, "abcd"), HandmadeTokenizer.Added(258, "bcde")];

        Assert.Equal("x,257,e", Shown("xabcde", "null", tokens));
        Assert.Equal("256,c,e", Shown("abce", "null", tokens));
    }

    [Theory]
    [InlineData("single_word", "the <x> e<x> <x>\u0301 <x>.", "t,h,e, ,256, ,e,<,x,>, ,<,x,>,204,129, ,256,.")]
    [InlineData("lstrip", "a \t<x> b", "a,256, ,b")]
    [InlineData("rstrip", "a <x>\u3000 b", "a, ,256,b")]
    public void Encode_Flag_ChangesWhatIsFound(string flag, string text, string expected) =>
        Assert.Equal(expected, Shown(text, "null", HandmadeTokenizer.Added(256, "<x>", flag)));

    [Fact]
    public void Encode_SpaceOfTheTokenBefore_IsNotTakenTwice() => Assert.Equal(
        "256,257", Shown("<x> <y>", "null", HandmadeTokenizer.Added(256, "<x>", "rstrip"), HandmadeTokenizer.Added(257, "<y>", "lstrip")));

    [Fact]
    public void Encode_Normalized_DecidesWhereItIsFound()
    {
        Assert.Equal("256,f,o,o", Shown("FooFOO", Lowercase, HandmadeTokenizer.Added(256, "Foo")));
        Assert.Equal("256,256", Shown("FooFOO", Lowercase, HandmadeTokenizer.Added(256, "Foo", "normalized")));
    }

    [Fact]
    public void Decode_SpecialTokens_AreLeftOut()
    {
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(
            added: $"[{HandmadeTokenizer.Added(256, "<s>", "special")},{HandmadeTokenizer.Added(257, "<x>")}]",
            decoder: HandmadeTokenizer.Bytes));

        Assert.Equal("\u00e9<x>\ufffd", tokenizer.Decode([256, 195, 169, 257, 195, 999]));
        Assert.Equal("<s>", tokenizer.SpecialTokenIn("a <s>"));
        Assert.Null(tokenizer.SpecialTokenIn("a <x> < s>"));
    }

    [Theory]
    [InlineData(
        """
        [{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
        {"type":"Strip","content":" ","start":1,"stop":0}]
        """,
        "a \u00e9 \ufffdb")]
    [InlineData("""[{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}]""", "a<0xC3><0xA9> <0xC3>b")]
    public void Decode_Steps_GiveTheText(string steps, string expected)
    {
        string[] tokens = ["\u2581a", "\u2581", "<0xC3>", "<0xA9>", "b", "\u2581<"];
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(
            preTokenizer: "null",
            decoder: $$"""{"type":"Sequence","decoders":{{steps}}}""",
            model: HandmadeTokenizer.Model(tokens, [])));

        int[] ids = expected.Contains("0xC3", StringComparison.Ordinal) ? [0, 2, 3, 1, 2, 4] : [0, 1, 2, 3, 1, 2, 4];
        Assert.Equal(expected, tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false}""", "a")]
    [InlineData("""{"type":"TemplateProcessing","single":[BOS,A],"pair":[],"special_tokens":TOKENS}""", "256,a")]
    [InlineData("""{"type":"TemplateProcessing","single":[A],"pair":[BOS,A],"special_tokens":TOKENS}""", "a")]
    [InlineData(
        """
        {"type":"Sequence","processors":[{"type":"ByteLevel","trim_offsets":false,"add_prefix_space":true},
        {"type":"TemplateProcessing","single":[BOS,BOS,A],"pair":[],"special_tokens":TOKENS}]}
        """,
        "256,256,a")]
    public void Encode_PostProcessor_PutsItsTokensInFront(string postProcessor, string expected)
    {
        string json = postProcessor.Replace("BOS", """{"SpecialToken":{"id":"<s>","type_id":0}}""", StringComparison.Ordinal)
            .Replace("A]", """{"Sequence":{"id":"A","type_id":0}}]""", StringComparison.Ordinal)
            .Replace("TOKENS", """{"<s>":{"id":"<s>","ids":[256],"tokens":["<s>"]}}""", StringComparison.Ordinal);
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(
            added: $"[{HandmadeTokenizer.Added(256, "<s>", "special")}]", postProcessor: json));

        Assert.Equal(expected, Shown(tokenizer.Encode("a")));
        Assert.Equal("a", Shown(tokenizer.Encode("a", withPrefix: false)));
    }

    private static string Shown(string text, string normalizer, params string[] added) => Shown(HandmadeTokenizer.Load(
        HandmadeTokenizer.File(normalizer, added: $"[{string.Join(',', added)}]")).Encode(text));

    /// <summary>Ids as text: ASCII characters, and numbers.</summary>
    private static string Shown(int[] ids) => string.Join(',', ids.Select(id => id < 128 ? ((char)id).ToString() : $"{id}"));
}
