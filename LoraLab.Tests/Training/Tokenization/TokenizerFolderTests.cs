using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization;

/// <summary>The files of a tokenizer beside each other: <c>tokenizer.json</c> decides, and the others must agree.</summary>
public sealed class TokenizerFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_BothFiles_TokenizerJsonDecidesAndADifferenceIsAWarning()
    {
        _folder.Write("tokenizer.json", HandmadeTokenizer.File().ToJsonString());
        _folder.Write("tokenizer.model", HandmadeModel.Tokenizer());

        LoadedTokenizer loaded = TokenizerFolder.Load(_folder.Path);

        Assert.Equal("tokenizer.json", loaded.Tokenizer.FileName);
        Assert.Equal(['a', 'b'], loaded.Tokenizer.Encode("ab"));
        Assert.Contains("tokenizer.model, which gives other ids", Assert.Single(loaded.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_BothFilesOfOneTokenizer_HasNoWarning() =>
        Assert.Empty(TokenizerFolder.Load(Fixtures.TinyLlamaTokenizer).Warnings);

    [Fact]
    public void Load_TokenizerModelOfAnotherKind_IsOfNoConsequence()
    {
        _folder.Write("tokenizer.json", HandmadeTokenizer.File().ToJsonString());
        _folder.Write("tokenizer.model", "IQ== 0\nIg== 1\n");

        Assert.Empty(TokenizerFolder.Load(_folder.Path).Warnings);
    }

    // What Transformers would let change the ids must agree with tokenizer.json, which puts nothing in front here.
    [Theory]
    [InlineData("""{"add_bos_token":false,"add_eos_token":false,"add_prefix_space":false}""", null)]
    [InlineData("""{"tokenizer_class":"Qwen2Tokenizer","bos_token":null,"vocab_size":900}""", null)]
    [InlineData("""{"add_bos_token":true}""", "has add_bos_token true, but tokenizer.json decides")]
    [InlineData("""{"add_eos_token":true}""", "has add_eos_token true")]
    [InlineData("""{"add_prefix_space":true}""", "has add_prefix_space true")]
    [InlineData("""{"split_special_tokens":true}""", "has split_special_tokens true")]
    [InlineData("""{"do_lower_case":true}""", "has do_lower_case true")]
    [InlineData("""{"auto_map":{"AutoTokenizer":["a.B",null]}}""", "has auto_map")]
    public void Load_Configuration_MustAgree(string configuration, string? named)
    {
        _folder.Write("tokenizer.json", HandmadeTokenizer.File().ToJsonString());
        _folder.Write("tokenizer_config.json", configuration);

        if (named is null)
        {
            Assert.Empty(TokenizerFolder.Load(_folder.Path).Warnings);
        }
        else
        {
            Assert.Contains(named, Assert.Throws<RunFailure>(() => TokenizerFolder.Load(_folder.Path)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"pad_token":"[PAD]"}""", "[PAD]")]
    [InlineData("""{"eos_token":{"content":"<s>"}}""", null)]
    [InlineData("""{"added_tokens_decoder":{"256":{"content":"<s>","special":true,"lstrip":false}}}""", null)]
    [InlineData("""{"added_tokens_decoder":{"256":{"content":"<s>","special":true,"lstrip":true}}}""", "<s>")]
    [InlineData("""{"additional_special_tokens":["<s>","<extra>"]}""", "<extra>")]
    public void Load_TokensOfTheConfiguration_AreWarnedOfIfTheyDiffer(string configuration, string? named)
    {
        JsonObject file = HandmadeTokenizer.File(added: $"[{HandmadeTokenizer.Added(256, "<s>", "special")}]");
        _folder.Write("tokenizer.json", file.ToJsonString());
        _folder.Write("tokenizer_config.json", configuration);

        IReadOnlyList<string> warnings = TokenizerFolder.Load(_folder.Path).Warnings;

        if (named is null)
        {
            Assert.Empty(warnings);
        }
        else
        {
            Assert.EndsWith($": {named}.", Assert.Single(warnings), StringComparison.Ordinal);
        }
    }
}
