using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization;

/// <summary>Labels that a vocabulary cannot spell.</summary>
public sealed class LabelVocabularyTests
{
    [Fact]
    public void EncodeEvaluation_VocabularyWithoutALetterOfALabel_NamesTheWord()
    {
        ITokenizer tokenizer = Load(piece => piece.StartsWith("<0x", StringComparison.Ordinal) || piece.Contains('v'));

        RunFailure failure = Assert.Throws<RunFailure>(() => Encode(tokenizer, "good", "positive"));

        Assert.Equal((EndReason.BadData, "dataset"), (failure.Reason, failure.Field));
        Assert.Contains("'positive'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.model", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EncodeEvaluation_VocabularyWithoutBytesThatSpellsTheLabels_IsFine()
    {
        ITokenizer tokenizer = Load(piece => piece.StartsWith("<0x", StringComparison.Ordinal) || piece.Contains('v'));

        EvaluationExample example = Encode(tokenizer, "bad", "good");

        Assert.NotNull(tokenizer.UnknownId);
        Assert.All(example.LabelIds, ids => Assert.DoesNotContain(tokenizer.UnknownId.Value, ids));
    }

    [Fact]
    public void EncodeEvaluation_LabelOfBytes_IsSpelledByItsBytes()
    {
        ITokenizer tokenizer = LlamaTokenizerFile.Load(Fixtures.Stories260K);

        EvaluationExample example = Encode(tokenizer, "坏", "好");

        Assert.Null(tokenizer.UnknownId);
        // The piece of the space, then three UTF-8 bytes: the byte pieces follow the three control pieces.
        Assert.Equal([3 + 0xE5, 3 + 0xA5, 3 + 0xBD], example.LabelIds[1][^3..]);
        Assert.Equal(4, example.LabelIds[1].Length);
    }

    [Fact]
    public void Load_VocabularyWithAPieceTwice_NamesIt()
    {
        using TemporaryFolder folder = new();
        byte[] model = File.ReadAllBytes(Path.Combine(Fixtures.Stories260K, "tokenizer.model"));
        // After the last piece: pieces form a list wherever they are in the file.
        string path = folder.Write("tokenizer.model", [.. model, .. Piece("▁the")]);

        RunFailure failure = Assert.Throws<RunFailure>(() => LlamaTokenizerFile.Load(folder.Path));

        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        Assert.Contains("'▁the'", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>A piece in the file's wire format: text, then score.</summary>
    private static byte[] Piece(string text)
    {
        byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(text);
        return [0x0A, (byte)(utf8.Length + 7), 0x0A, (byte)utf8.Length, .. utf8, 0x15, .. BitConverter.GetBytes(-1f)];
    }

    private static EvaluationExample Encode(ITokenizer tokenizer, params string[] labels) =>
        new ExampleEncoder(tokenizer, PromptTemplate.Parse("paper-literal"), labels, LossScope.Full, stripSentence: false)
            .EncodeEvaluation(new LabeledRow(3, "so good ", 0));

    private static ITokenizer Load(Predicate<string> drop)
    {
        using TemporaryFolder folder = new();
        folder.Write(
            "tokenizer.model", EditedTokenizer.Without(File.ReadAllBytes(Path.Combine(Fixtures.Stories260K, "tokenizer.model")), drop));
        return LlamaTokenizerFile.Load(folder.Path);
    }
}
