using LoraLab.SampleMaker.Tokenization;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization;

/// <summary>Of merges with equal scores, SentencePiece takes the leftmost, whether they make the same piece or different ones.</summary>
public sealed class EqualScoresTests : IDisposable
{
    private const int FirstPiece = SentencePieceModel.ReservedPieces;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a文字", "▁|a文|<E5>|<AD>|<97>")]
    [InlineData("文字a文", "▁|文字|a文")]
    [InlineData("a文字a文字", "▁|a文|<E5>|<AD>|<97>|a文|<E5>|<AD>|<97>")]
    public void Encode_AppendedPiecesOfScoreZero_MergesTheLeftOne(string text, string expected) =>
        Assert.Equal(expected, Encode([("▁", -9), ("a", -9), ("a文", 0), ("文字", 0)], text));

    [Theory]
    [InlineData("abc", "▁|ab|c")]
    [InlineData("bcab", "▁|bc|ab")]
    [InlineData("aabbc", "▁|a|ab|bc")]
    public void Encode_EqualScoresBelowZero_MergesTheLeftOne(string text, string expected) =>
        Assert.Equal(expected, Encode([("▁", -9), ("a", -9), ("b", -9), ("c", -9), ("ab", -3), ("bc", -3)], text));

    [Fact]
    public void Encode_RandomVocabulariesOfFewScores_IsThatOfThePlainAlgorithm()
    {
        Random random = new(17);
        for (int round = 0; round < 60; round++)
        {
            List<(string Text, float Score)> pieces = [.. "▁abcd".Select(letter => ($"{letter}", -9f))];
            while (pieces.Count < 30)
            {
                string text = pieces[random.Next(pieces.Count)].Text + pieces[random.Next(pieces.Count)].Text;
                if (text.Length <= 6 && pieces.TrueForAll(piece => piece.Text != text))
                {
                    pieces.Add((text, -random.Next(3)));
                }
            }

            for (int i = 0; i < 20; i++)
            {
                string text = string.Concat(Enumerable.Range(0, random.Next(1, 25)).Select(_ => "abcd "[random.Next(5)]));
                Assert.Equal(Plain(pieces, "▁" + text.Replace(' ', '▁')), Encode(pieces, text));
            }
        }
    }

    [Fact]
    public void Encode_SampleVocabularyExtendedWithPiecesOfScoreZero_HasTheTokensOfSentencePiece()
    {
        // SentencePiece encodes the training text of this row as 20 tokens; the right one of the two merges would make 17.
        byte[] model = File.ReadAllBytes(Path.Combine(Fixtures.RepositoryRoot, "samples", "model", "tokenizer.model"));
        _folder.Write("tokenizer.model", EditedTokenizer.With(model, (990, "a文"), (991, "文字")));

        int[] ids = LlamaTokenizerFile.Load(_folder.Path).Encode(
            "Classify the sentiment of this sentence: a文字\n\n.Sentiment: positive\n");

        Assert.Equal(20, ids.Length);
        Assert.Contains(990, ids);
        Assert.DoesNotContain(991, ids);
    }

    [Theory]
    [InlineData(1, "unigram")]
    [InlineData(3, "word")]
    [InlineData(4, "char")]
    public void Load_ModelOfAnotherKind_IsRefusedByName(int type, string named)
    {
        _folder.Write("tokenizer.model", Model([("▁", -9), ("a", -9)], type));

        string message = Assert.Throws<RunFailure>(() => LlamaTokenizerFile.Load(_folder.Path)).Message;

        Assert.Contains($"is a SentencePiece model of type {named}, but Llama tokenizers have type BPE", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ModelThatMapsCharacters_IsRefusedByName()
    {
        _folder.Write("tokenizer.model", Model([("▁", -9), ("a", -9)], normalization: "nmt_nfkc"));

        string message = Assert.Throws<RunFailure>(() => LlamaTokenizerFile.Load(_folder.Path)).Message;

        Assert.Contains("'nmt_nfkc'", message, StringComparison.Ordinal);
    }

    private string Encode(IReadOnlyList<(string Text, float Score)> pieces, string text)
    {
        _folder.Write("tokenizer.model", Model(pieces));
        int[] ids = LlamaTokenizerFile.Load(_folder.Path).Encode(text);
        Assert.Equal(1, ids[0]);
        return string.Join('|', ids.Skip(1).Select(id => id < FirstPiece ? $"<{id - 3:X2}>" : pieces[id - FirstPiece].Text));
    }

    /// <summary>The definition, without a queue: as long as there is one, merge the first of the best pairs.</summary>
    private static string Plain(IReadOnlyList<(string Text, float Score)> pieces, string text)
    {
        List<string> symbols = [.. text.Select(letter => $"{letter}")];
        while (true)
        {
            (int at, float best) = (-1, float.NegativeInfinity);
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                foreach ((string piece, float score) in pieces)
                {
                    if (piece == symbols[i] + symbols[i + 1] && score > best)
                    {
                        (at, best) = (i, score);
                    }
                }
            }

            if (at < 0)
            {
                return string.Join('|', symbols);
            }

            symbols[at] += symbols[at + 1];
            symbols.RemoveAt(at + 1);
        }
    }

    private static byte[] Model(IReadOnlyList<(string Text, float Score)> pieces, int type = 2, string normalization = "identity")
    {
        ProtoWriter model = new();
        Piece("<unk>", 0, 2);
        Piece("<s>", 0, 3);
        Piece("</s>", 0, 3);
        for (int value = 0; value < 256; value++)
        {
            Piece($"<0x{value:X2}>", 0, 6);
        }

        foreach ((string text, float score) in pieces)
        {
            Piece(text, score, 1);
        }

        ProtoWriter normalizer = new ProtoWriter().Text(1, normalization).Flag(3, true).Flag(4, false).Flag(5, true);
        if (normalization != "identity")
        {
            normalizer = normalizer.Text(2, "a map");
        }

        return model
            .Message(2, new ProtoWriter().Integer(3, type).Flag(35, true).Integer(40, 0).Integer(41, 1).Integer(42, 2).Integer(43, -1)
                .Text(45, "<unk>").Text(46, "<s>").Text(47, "</s>"))
            .Message(3, normalizer).ToArray();

        void Piece(string text, float score, int kind) =>
            model.Message(1, new ProtoWriter().Text(1, text).Number(2, score).Integer(3, kind));
    }
}
