using LoraLab.Training.Tokenization.HuggingFace.Patterns;

namespace LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

/// <summary>
/// GPT-2's division (<c>ByteLevel</c>): an optional space in front of every piece, an optional division by GPT-2's pattern, and every byte
/// of UTF-8 as a character.
/// </summary>
/// <param name="addPrefixSpace">Whether pieces that do not start with a space get one.</param>
/// <param name="useRegex">Whether GPT-2's pattern divides.</param>
/// <param name="mapsBytes">Whether bytes become characters here; if not, the model does it for words that it does not know yet.</param>
internal sealed class ByteLevelSplit(bool addPrefixSpace, bool useRegex, bool mapsBytes) : IPreTokenizer
{
    /// <summary>GPT-2's pattern.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private static readonly Lazy<PatternSplit> _gpt2 =
        new(() => new(new RegexPattern(new Pattern(Gpt2Pattern)), SplitBehavior.Isolated, invert: false));

    /// <summary>Whether a piece that starts with no space gets one.</summary>
    public bool AddsSpace => addPrefixSpace;

    /// <summary>Whether every piece stays as it is.</summary>
    public bool DoesNothing => !addPrefixSpace && !useRegex && !mapsBytes;

    /// <summary>The same, with the bytes left to the model.</summary>
    public ByteLevelSplit WithoutBytes() => new(addPrefixSpace, useRegex, mapsBytes: false);

    /// <inheritdoc />
    public void Split(in Piece piece, List<Piece> pieces, TextScratch scratch)
    {
        Piece whole = addPrefixSpace && piece.Span[0] != ' ' ? piece.WithPrefix(" ") : piece;
        int first = pieces.Count;
        if (useRegex)
        {
            _gpt2.Value.Split(in whole, pieces, scratch);
        }
        else
        {
            pieces.Add(whole);
        }

        for (int i = first; mapsBytes && i < pieces.Count; i++)
        {
            Piece alone = pieces[i].Alone();
            string mapped = ByteAlphabet.Encode(alone.Text);
            pieces[i] = new(mapped, 0, mapped.Length, ByteAlphabet.Encode(alone.Text.AsSpan(0, alone.Leading)).Length)
            {
                Origin = alone.Origin,
                IsBytes = true,
            };
        }
    }
}
