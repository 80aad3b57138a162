using LoraLab.Training.Tokenization.HuggingFace.Patterns;

namespace LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

/// <summary>Divides at the matches of a pattern: <c>Split</c>, <c>Digits</c>, <c>Punctuation</c>, <c>Whitespace</c>.</summary>
/// <param name="pattern">Pattern.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">Whether what is between the matches is the match.</param>
internal sealed class PatternSplit(ITextPattern pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    /// <inheritdoc />
    public void Split(in Piece piece, List<Piece> pieces, TextScratch scratch)
    {
        pattern.Match(piece.Span, scratch);
        List<TextMatch> parts = scratch.Matches;
        switch (behavior)
        {
            case SplitBehavior.MergedWithNext:
                MergeWithNext(in piece, parts, pieces);
                break;
            case SplitBehavior.MergedWithPrevious or SplitBehavior.Contiguous:
                Merge(in piece, parts, pieces);
                break;
            default:
                foreach (TextMatch part in parts)
                {
                    if (behavior == SplitBehavior.Isolated || part.IsMatch == invert)
                    {
                        Add(in piece, part.Start, part.End, pieces);
                    }
                }

                break;
        }
    }

    private static void Add(in Piece piece, int start, int end, List<Piece> pieces)
    {
        if (end > start)
        {
            pieces.Add(piece.Slice(start, end));
        }
    }

    private void Merge(in Piece piece, List<TextMatch> parts, List<Piece> pieces)
    {
        (int start, int end) = (0, 0);
        bool afterMatch = false;
        foreach (TextMatch part in parts)
        {
            bool isMatch = part.IsMatch != invert;
            if (behavior == SplitBehavior.Contiguous ? isMatch == afterMatch : isMatch && !afterMatch)
            {
                end = part.End;
            }
            else
            {
                Add(in piece, start, end, pieces);
                (start, end) = (part.Start, part.End);
            }

            afterMatch = isMatch;
        }

        Add(in piece, start, end, pieces);
    }

    private void MergeWithNext(in Piece piece, List<TextMatch> parts, List<Piece> pieces)
    {
        for (int i = 0; i < parts.Count; i++)
        {
            // A match that is followed by another one, or by nothing, stays alone.
            bool merges = parts[i].IsMatch != invert && i + 1 < parts.Count && parts[i + 1].IsMatch == invert;
            Add(in piece, parts[i].Start, parts[merges ? ++i : i].End, pieces);
        }
    }
}
