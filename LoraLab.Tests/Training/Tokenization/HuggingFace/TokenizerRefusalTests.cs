using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization.HuggingFace;

/// <summary>What a <c>tokenizer.json</c> asks for and LoraLab does not compute is refused by name, never skipped.</summary>
public sealed class TokenizerRefusalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":""}""", "normalizer.type 'Precompiled'")]
    [InlineData("normalizer", """{"type":"BertNormalizer","lowercase":true}""", "normalizer.type 'BertNormalizer'")]
    [InlineData("normalizer", """{"type":"NFC","extra":1}""", "the key normalizer.extra (1)")]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[{"type":"NFQ"}]}""", "normalizer.normalizers[0].type 'NFQ'")]
    [InlineData("normalizer", """{"type":"Strip","strip_left":"yes"}""", "normalizer.strip_left \"yes\"")]
    [InlineData("normalizer", """{"type":"Strip","strip_left":true}""", "no normalizer.strip_right")]
    [InlineData("normalizer", "[]", "normalizer [], which must be an object")]
    [InlineData("pre_tokenizer", """{"type":"BertPreTokenizer"}""", "pre_tokenizer.type 'BertPreTokenizer'")]
    [InlineData("pre_tokenizer", """{"type":"UnicodeScripts"}""", "pre_tokenizer.type 'UnicodeScripts'")]
    [InlineData("pre_tokenizer", """{"type":"Punctuation","behavior":"Kept"}""", "pre_tokenizer.behavior \"Kept\"")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"ab"}""", "pre_tokenizer.replacement \"ab\"")]
    [InlineData(
        "pre_tokenizer",
        """{"type":"Metaspace","replacement":"_","add_prefix_space":false,"prepend_scheme":"first"}""",
        "contradicts prepend_scheme")]
    [InlineData("post_processor", """{"type":"RobertaProcessing","sep":["</s>",2]}""", "post_processor.type 'RobertaProcessing'")]
    [InlineData("decoder", """{"type":"WordPiece","prefix":"##"}""", "decoder.type 'WordPiece'")]
    [InlineData("truncation", """{"max_length":5}""", "truncation {\"max_length\":5}, which must be null")]
    [InlineData("padding", """{"strategy":"BatchLongest"}""", "padding {\"strategy\":\"BatchLongest\"}, which must be null")]
    [InlineData("version", "\"2.0\"", "version \"2.0\"")]
    [InlineData("some_option", "true", "the key some_option (true)")]
    [InlineData("model", """{"type":"WordPiece","vocab":{}}""", "model.type 'WordPiece'")]
    [InlineData("model", """{"type":"WordLevel","vocab":{}}""", "model.type 'WordLevel'")]
    [InlineData("model", """{"type":"Unigram","vocab":[["a"]]}""", "model.type \"Unigram\"")]
    [InlineData("model", "null", "no key 'model'")]
    public void Load_PartThatIsNotBuilt_IsNamed(string key, string value, string named)
    {
        JsonObject file = HandmadeTokenizer.File();
        file[key] = JsonNode.Parse(value);

        Refused(file.ToJsonString(), named);
    }

    [Theory]
    [InlineData("dropout", "0.1", "model.dropout 0.1")]
    [InlineData("continuing_subword_prefix", "\"##\"", "model.continuing_subword_prefix \"##\"")]
    [InlineData("end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix")]
    [InlineData("vocab", """{"a":0,"b":0}""", "model.vocab 'b' with id 0 twice")]
    [InlineData("vocab", """{"a":-1}""", "model.vocab 'a'")]
    [InlineData("vocab", """{"a":"x"}""", "model.vocab 'a'")]
    [InlineData("vocab", "[]", "model.vocab []")]
    [InlineData("merges", """["a"]""", "model.merges[0]")]
    [InlineData("merges", """[["a","b","c"]]""", "model.merges[0]")]
    [InlineData("merges", """[["a","b"]]""", "model.merges[0], which needs the token 'ab'")]
    [InlineData("merges", """["a \u6771"]""", "the token '\u6771'")]
    [InlineData("fuse_more", "true", "the key model.fuse_more")]
    [InlineData("ignore_merges", "1", "model.ignore_merges 1")]
    public void Load_BrokenModel_IsNamed(string key, string value, string named)
    {
        JsonObject file = HandmadeTokenizer.File();
        file["model"]![key] = JsonNode.Parse(value);

        Refused(file.ToJsonString(), named);
    }

    [Theory]
    [InlineData(@"(a)\\1", "escape \\1")]
    [InlineData("(?(1)a|b)", "a kind of group")]
    [InlineData("a(", "does not close a group")]
    [InlineData("[a", "ends too early")]
    [InlineData("(?i:\\u00e9)", "beyond ASCII")]
    [InlineData("(?i:maSSe)", "'ss'")]
    [InlineData(@"\\p{Klingon}", "the property 'Klingon'")]
    [InlineData("(a*)*", "can be empty")]
    [InlineData("(?<=a+)b", "a length that is not fixed")]
    [InlineData("*a", "repeats nothing")]
    public void Load_ExpressionThatIsNotSupported_IsNamedWithItsPlace(string pattern, string named)
    {
        JsonObject file = HandmadeTokenizer.File();
        file["pre_tokenizer"] = JsonNode.Parse(
            $$"""{"type":"Split","pattern":{"Regex":"{{pattern}}"},"behavior":"Isolated","invert":false}""");

        Refused(file.ToJsonString(), named);
        Refused(file.ToJsonString(), "in pre_tokenizer.pattern");
    }

    [Theory]
    [InlineData("added_tokens", """[{"id":300,"content":"<x>"}]""", "no added_tokens[0].special")]
    [InlineData(
        "added_tokens",
        """[{"id":300,"content":"<x>","special":true,"single_word":false,"lstrip":false,"rstrip":false,"normalized":false}]""",
        "added_tokens[0].id 300, which Hugging Face's tokenizers would replace with 256")]
    [InlineData(
        "post_processor",
        """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"a"}}],"special_tokens":{}}""",
        "post_processor.single[1], a token behind the text")]
    [InlineData(
        "post_processor",
        """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"q"}},{"Sequence":{"id":"A"}}],"special_tokens":{}}""",
        "post_processor.single[0].SpecialToken.id \"q\", which is not in post_processor.special_tokens")]
    [InlineData(
        "post_processor",
        """
        {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"q"}},{"Sequence":{"id":"A"}}],
        "special_tokens":{"q":{"id":"q","ids":[5],"tokens":["q"]}}}
        """,
        "post_processor.special_tokens.q with ids that are not those of its tokens")]
    public void Load_TokensThatDoNotFit_AreNamed(string key, string value, string named)
    {
        JsonObject file = HandmadeTokenizer.File();
        file[key] = JsonNode.Parse(value);

        Refused(file.ToJsonString(), named);
    }

    [Theory]
    [InlineData("{", "is damaged")]
    [InlineData("[1]", "is not a JSON object")]
    [InlineData("""{"version":"1.0"}""", "no key 'model'")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "Git LFS")]
    public void Load_FileThatIsNoTokenizer_IsRefused(string content, string named) => Refused(content, named);

    [Fact]
    public void Load_TruncatedFile_IsRefused()
    {
        string whole = HandmadeTokenizer.File().ToJsonString();

        Assert.All(Enumerable.Range(1, 40), part => Refused(whole[..(whole.Length * part / 41)], "download the file again"));
    }

    [Fact]
    public void Load_NoTokenizer_NamesBothFiles() => Assert.Contains(
        "neither tokenizer.json nor tokenizer.model",
        Assert.Throws<RunFailure>(() => TokenizerFolder.Load(_folder.Path)).Message,
        StringComparison.Ordinal);

    private void Refused(string content, string named)
    {
        string path = _folder.Write("tokenizer.json", content);

        RunFailure failure = Assert.Throws<RunFailure>(() => TokenizerFolder.Load(_folder.Path));

        Assert.Equal("model", failure.Field);
        Assert.StartsWith(path, failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", failure.Message, StringComparison.Ordinal);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }
}
