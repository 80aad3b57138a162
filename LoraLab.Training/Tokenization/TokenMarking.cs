namespace LoraLab.Training.Tokenization;

/// <summary>Finds where positions of a text lie among its tokens, from the characters that each token holds.</summary>
/// <param name="positions">Positions in the text, in UTF-16 units.</param>
/// <param name="before">Number of tokens in front of the text.</param>
internal sealed class TokenMarking(IReadOnlyList<int> positions, int before)
{
    private readonly int[] _first = [.. Enumerable.Repeat(before, positions.Count)];
    private readonly int[] _behind = [.. Enumerable.Repeat(before, positions.Count)];

    /// <summary>The places of the positions among the tokens added so far.</summary>
    public TokenMark[] Marks => [.. _first.Select((first, i) => new TokenMark(first, _behind[i]))];

    /// <summary>Adds the tokens of a part of the text.</summary>
    /// <param name="at">For each position, its place in the units of the tokens; the least or largest number if it is outside.</param>
    /// <param name="tokens">Start and end of each token.</param>
    public void Add(long[] at, IReadOnlyList<(int Start, int End)> tokens)
    {
        foreach ((int start, int end) in tokens)
        {
            for (int i = 0; i < _first.Length; i++)
            {
                _first[i] += end <= at[i] ? 1 : 0;
                _behind[i] += start < at[i] ? 1 : 0;
            }
        }
    }

    /// <summary>The positions in a part of a text that is encoded as it is.</summary>
    public long[] In(int start, string part) => In(start, part, part, beginning => beginning);

    /// <summary>The positions in a part of a text after it was normalized, in units of the normalized part.</summary>
    /// <param name="start">Where the part starts in the text.</param>
    /// <param name="part">The part.</param>
    /// <param name="normalized">The normalized part.</param>
    /// <param name="normalize">
    /// Normalizes the beginning of the part: what it has in common with the normalized part lies before the position.
    /// </param>
    /// <returns>For each position, its place; the least or largest number if it is not inside the part.</returns>
    public long[] In(int start, string part, string normalized, Func<string, string> normalize) => [.. positions.Select(position =>
        position <= start ? long.MinValue
        : position >= start + part.Length ? long.MaxValue
        : (object)part == normalized ? position - start
        : normalized.AsSpan().CommonPrefixLength(normalize(part[..(position - start)])))];
}
