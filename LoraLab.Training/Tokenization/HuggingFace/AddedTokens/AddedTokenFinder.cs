using System.Buffers;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.AddedTokens;

/// <summary>
/// Finds added tokens in a text: from left to right, at each place the longest (tokenizers, <c>tokenizer/added_vocabulary.rs</c>).
/// Thread-safe.
/// </summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<string, AddedToken> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly Dictionary<char, int[]> _lengths;
    private readonly SearchValues<char> _firsts;

    /// <summary>A finder.</summary>
    /// <param name="tokens">Tokens by the text that stands for them; none is empty.</param>
    public AddedTokenFinder(IReadOnlyDictionary<string, AddedToken> tokens)
    {
        _tokens = new(tokens, StringComparer.Ordinal);
        _bySpan = _tokens.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = _tokens.Keys.GroupBy(text => text[0]).ToDictionary(
            group => group.Key, group => group.Select(text => text.Length).Distinct().OrderDescending().ToArray());
        _firsts = SearchValues.Create([.. _lengths.Keys]);
    }

    /// <summary>Whether a text has none of the characters that tokens start with.</summary>
    public bool FindsNothing(ReadOnlySpan<char> text) => text.IndexOfAny(_firsts) < 0;

    /// <summary>Adds the parts of a text.</summary>
    public void Find(string text, List<AddedTokenPart> parts)
    {
        int done = 0;
        for (int from = 0; Next(text, from) is (AddedToken token, int start, int end); from = end)
        {
            if (token.SingleWord && (IsWordBefore(text, start) || IsWordAt(text, end)))
            {
                continue;
            }

            (int first, int last) = (start, end);
            while (token.StripsLeft && first > 0 && UnicodeSets.WhiteSpace.Contains(text[first - 1]))
            {
                first--;
            }

            first = token.StripsLeft ? Math.Max(first, done) : first;
            while (token.StripsRight && last < text.Length && UnicodeSets.WhiteSpace.Contains(text[last]))
            {
                last++;
            }

            if (first > done)
            {
                parts.Add(new(done, first, null));
            }

            // White space that belonged to the token before may leave nothing of one that is white space itself.
            if (last > first)
            {
                parts.Add(new(first, last, token));
            }

            done = last;
        }

        if (done < text.Length)
        {
            parts.Add(new(done, text.Length, null));
        }
    }

    private static bool IsWordBefore(string text, int position) => position > 0
        && UnicodeSets.WordWithJoiners.Contains(CodePoint.At(text, position - CodePoint.LengthBefore(text, position)).Value);

    private static bool IsWordAt(string text, int position) => position < text.Length
        && UnicodeSets.WordWithJoiners.Contains(CodePoint.At(text, position).Value);

    private (AddedToken Token, int Start, int End)? Next(string text, int from)
    {
        ReadOnlySpan<char> span = text;
        while (span[from..].IndexOfAny(_firsts) is >= 0 and int offset)
        {
            from += offset;
            foreach (int length in _lengths[span[from]])
            {
                if (length <= span.Length - from && _bySpan.TryGetValue(span.Slice(from, length), out AddedToken? token))
                {
                    return (token, from, from + length);
                }
            }

            from++;
        }

        return null;
    }
}
