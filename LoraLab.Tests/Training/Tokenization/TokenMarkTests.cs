using System.Text.Json;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Tokenization.HuggingFace;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Training.Tokenization;

/// <summary>Where positions of a text lie among its tokens.</summary>
public sealed class TokenMarkTests
{
    private const string Prepended = """
        {"type":"Sequence","normalizers":[
            {"type":"Prepend","prepend":"▁"},
            {"type":"Replace","pattern":{"String":" "},"content":"▁"}]}
        """;

    public static TheoryData<string> Folders =>
        ["models/stories260K", "models/TinyLlama-1.1B-Chat-v1.0-tokenizer-only", "models/Qwen3-tokenizer-only"];

    /// <summary>Tokens before a position, decoded, are a beginning of the text before it; those from it on end with the text behind
    /// it.</summary>
    [Theory]
    [MemberData(nameof(Folders))]
    public void Encode_EveryPosition_DividesTheTextThere(string folder)
    {
        const string Text = "Continue the review: a masterpiece, naïve cafés\n  and 東京 for $1,234.50!</s> <|im_end|>\n done";
        ITokenizer tokenizer = TokenizerFolder.Load(Fixtures.Data(folder.Split('/'))).Tokenizer;
        int[] positions = [.. Enumerable.Range(0, Text.Length + 1)];

        int[] ids = tokenizer.Encode(Text, positions, out TokenMark[] marks);

        Assert.Equal(tokenizer.Encode(Text, withPrefix: true), ids);
        Assert.Equal(new TokenMark(ids.Length, ids.Length), marks[^1]);
        for (int i = 1; i < marks.Length; i++)
        {
            Assert.True(marks[i].First >= marks[i - 1].First && marks[i].Behind >= marks[i - 1].Behind);
            // At most the one token that holds characters on both sides, or the bytes of a character.
            Assert.InRange(marks[i].Behind - marks[i].First, 0, 1);
            string before = tokenizer.Decode(ids[..marks[i].First]);
            string plain = tokenizer.Decode(tokenizer.Encode(Text[..i]));
            Assert.True(plain.StartsWith(before.TrimEnd('\uFFFD'), StringComparison.Ordinal), $"at {i}: '{before}' of '{plain}'");
        }
    }

    /// <summary>
    /// With every kind of tokenizer: the same ids, and where the ids decode to the text, those before a position decode to no more than
    /// what is before it, and those up to the last that holds a character before it to no less.
    /// </summary>
    [Theory]
    [MemberData(nameof(GoldenTokenizerTests.Families), MemberType = typeof(GoldenTokenizerTests))]
    public void Encode_EveryPositionOfTheReferenceTexts_LiesBetweenItsTokens(string family)
    {
        ITokenizer tokenizer = TokenizerFolder.Load(Fixtures.Golden("families", family, "model")).Tokenizer;
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("families", family, "tokenizer-cases.json")));
        int compared = 0;
        foreach (string text in golden.RootElement.EnumerateArray().Select(item => item.GetProperty("text").GetString()!))
        {
            int[] positions = [.. Enumerable.Range(0, text.Length + 1).Where(at => at == text.Length || !char.IsLowSurrogate(text[at]))];

            int[] ids = tokenizer.Encode(text, positions, out TokenMark[] marks);

            Assert.Equal(tokenizer.Encode(text, withPrefix: true), ids);
            bool isLossless = tokenizer.Decode(ids) == text;
            for (int i = 1; i < marks.Length; i++)
            {
                Assert.True(
                    marks[i].First >= marks[i - 1].First && marks[i].Behind >= marks[i - 1].Behind, $"'{text}' at {positions[i]}");
                Assert.True(marks[i].Behind >= marks[i].First, $"'{text}' at {positions[i]}");
                string before = tokenizer.Decode(ids[..marks[i].First]), upTo = tokenizer.Decode(ids[..marks[i].Behind]);
                if (isLossless && !$"{before}{upTo}".Contains('\uFFFD', StringComparison.Ordinal))
                {
                    compared++;
                    Assert.True(
                        before.Length <= positions[i] && upTo.Length >= positions[i],
                        $"'{text}' at {positions[i]}: '{before}', '{upTo}'");
                }
            }
        }

        Assert.True(compared > 100, $"{compared}");
    }

    [Fact]
    public void Encode_BytesWithMerges_FindsTheTokenThatHoldsACharacterOfBothSides()
    {
        // Tokens are bytes, except "ab" and "é".
        string[] tokens = [.. HandmadeTokenizer.Alphabet, "ab", HandmadeTokenizer.Alphabet[0xC3] + HandmadeTokenizer.Alphabet[0xA9]];
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(
            model: HandmadeTokenizer.Model(tokens, [["a", "b"], [HandmadeTokenizer.Alphabet[0xC3], HandmadeTokenizer.Alphabet[0xA9]]])));

        int[] ids = tokenizer.Encode("xabéy", [1, 2, 3, 4, 5], out TokenMark[] marks);

        Assert.Equal(['x', 256, 257, 'y'], ids);
        Assert.Equal([new(1, 1), new(1, 2), new(2, 2), new(3, 3), new(4, 4)], marks);
    }

    [Fact]
    public void Encode_AddedTokenThatTakesSpaces_HoldsThem()
    {
        string added = $"[{HandmadeTokenizer.Added(256, "<x>", "lstrip", "special")}]";
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(added: added));

        int[] ids = tokenizer.Encode("a  <x>b", [1, 2, 6], out TokenMark[] marks);

        Assert.Equal(['a', 256, 'b'], ids);
        Assert.Equal([new(1, 1), new(1, 2), new(2, 2)], marks);
    }

    [Fact]
    public void Encode_NormalizerThatPrepends_DoesNotMoveThePositions()
    {
        string[] tokens = ["<unk>", "▁", "a", "b", "▁b"];
        ITokenizer tokenizer = HandmadeTokenizer.Load(HandmadeTokenizer.File(
            normalizer: Prepended, preTokenizer: "null", model: HandmadeTokenizer.Model(tokens, [["▁", "b"]], "<unk>")));

        int[] ids = tokenizer.Encode("a bc b", [1, 2, 3, 4], out TokenMark[] marks);

        Assert.Equal([1, 2, 4, 0, 4], ids);
        // In front of " b", inside it, in front of the unknown "c", behind it.
        Assert.Equal([new(2, 2), new(2, 3), new(3, 3), new(4, 4)], marks);
    }
}
