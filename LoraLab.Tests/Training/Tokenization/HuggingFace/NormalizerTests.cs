using LoraLab.Tests.Support;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization.HuggingFace;

/// <summary>Normalizers of <c>tokenizer.json</c>; the rules are those of tokenizers, folder <c>normalizers</c>.</summary>
public sealed class NormalizerTests
{
    [Theory]
    [InlineData("NFC", "e\u0301 \u1112\u1161\u11ab \u2126 \ufb01 a\u0327\u0301", "\u00e9 \ud55c \u03a9 \ufb01 \u00e1\u0327")]
    [InlineData("NFD", "\u00e9\ud55c\u1e69", "e\u0301\u1112\u1161\u11abs\u0323\u0307")]
    [InlineData("NFKC", "\ufb01\u2460\uff21e\u0301", "fi1A\u00e9")]
    [InlineData("NFKD", "\ufb01\u00bd\u00e9", "fi1\u20442e\u0301")]
    // Characters that were assigned after Unicode 9 have no decomposition in the library's tables.
    [InlineData("NFKC", "\u32ff\u337e", "\u32ff明治")]
    // Without regard to neighbors: a final sigma stays one, and only U+0130 becomes two characters.
    [InlineData("Lowercase", "ÀΣΑΣ\u0130\U00010400", "àσασi\u0307\U00010428")]
    [InlineData("StripAccents", "e\u0301\u0327x\u00e9\u0903", "ex\u00e9")]
    [InlineData("Nmt", "a\u0001b\tc\u200bd\ufeffe\u007f", "ab c d e")]
    public void Normalize_TypeWithoutOptions_ChangesCharacters(string type, string text, string expected) =>
        Assert.Equal(expected, Normalized($$"""{"type":"{{type}}"}""", text));

    [Theory]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":false}""", "\u3000\n a b \u0085", "a b \u0085")]
    [InlineData("""{"type":"Strip","strip_left":false,"strip_right":true}""", " a \u200b \n", " a \u200b")]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":true}""", " \t ", "")]
    [InlineData("""{"type":"Prepend","prepend":"_"}""", "a", "_a")]
    [InlineData("""{"type":"Prepend","prepend":"_"}""", "", "")]
    [InlineData("""{"type":"Replace","pattern":{"String":"."},"content":"$0"}""", "a.b", "a$0b")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"_"}""", "a b  c   ", "a b_c_")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Lowercase"}]}""", "\u00c9A", "ea")]
    [InlineData("""{"type":"Sequence","normalizers":[]}""", "A", "A")]
    public void Normalize_TypeWithOptions_ChangesTheText(string normalizer, string text, string expected) =>
        Assert.Equal(expected, Normalized(normalizer, text));

    private static string Normalized(string normalizer, string text)
    {
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(normalizer));
        return HandmadeTokenizer.Text(tokenizer.Encode(text));
    }
}
