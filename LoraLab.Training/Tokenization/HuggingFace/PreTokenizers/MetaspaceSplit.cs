using LoraLab.Training.Tokenization.HuggingFace.Patterns;

namespace LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

/// <summary>When <c>Metaspace</c> puts its character in front of a piece that does not start with it.</summary>
internal enum PrependScheme
{
    /// <summary>Always.</summary>
    Always,

    /// <summary>Where the row starts.</summary>
    First,

    /// <summary>Never.</summary>
    Never,
}

/// <summary>SentencePiece's spaces (<c>Metaspace</c>): a space becomes a character that words start with.</summary>
/// <param name="replacement">The character.</param>
/// <param name="scheme">When it is put in front.</param>
/// <param name="split">Whether it divides.</param>
internal sealed class MetaspaceSplit(string replacement, PrependScheme scheme, bool split) : IPreTokenizer
{
    private readonly PatternSplit _words = new(new LiteralPattern(replacement), SplitBehavior.MergedWithNext, invert: false);

    /// <summary>Whether a row that starts with no space gets one.</summary>
    public bool AddsSpace => scheme != PrependScheme.Never;

    /// <inheritdoc />
    public void Split(in Piece piece, List<Piece> pieces, TextScratch scratch)
    {
        Piece whole = piece;
        if (piece.Span.Contains(' '))
        {
            Piece alone = piece.Alone();
            string replaced = alone.Text.Replace(" ", replacement, StringComparison.Ordinal);
            int leading = alone.Text[..alone.Leading].Replace(" ", replacement, StringComparison.Ordinal).Length;
            whole = new(replaced, 0, replaced.Length, leading) { Origin = alone.Origin, IsBytes = alone.IsBytes };
        }

        if (!whole.Span.StartsWith(replacement, StringComparison.Ordinal)
            && (scheme == PrependScheme.Always || (scheme == PrependScheme.First && piece.StartsRow)))
        {
            whole = whole.WithPrefix(replacement);
        }

        if (split)
        {
            _words.Split(in whole, pieces, scratch);
        }
        else
        {
            pieces.Add(whole);
        }
    }
}
