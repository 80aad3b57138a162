using System.Text;

namespace LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

/// <summary>A part of a normalized text.</summary>
/// <param name="Text">The text that it is in.</param>
/// <param name="Start">First UTF-16 unit.</param>
/// <param name="Length">UTF-16 units.</param>
/// <param name="Leading">UTF-16 units at the start of the text that come from the first character of the row.</param>
internal readonly record struct Piece(string Text, int Start, int Length, int Leading)
{
    /// <summary>
    /// Where its text starts in the normalized text, if it is a copy of a part of that; less, if the copy has a prefix.
    /// </summary>
    public int Origin { get; init; }

    /// <summary>Whether its text has a character for every byte of that part.</summary>
    public bool IsBytes { get; init; }

    /// <summary>Its characters.</summary>
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    /// <summary>Whether it starts where the row starts.</summary>
    public bool StartsRow => Start < Leading;

    /// <summary>Where a position of the normalized text is in the piece; the least or largest number if it is not inside.</summary>
    /// <param name="normalized">The normalized text.</param>
    /// <param name="position">The position.</param>
    public long Place(string normalized, long position)
    {
        if (position is long.MinValue or long.MaxValue)
        {
            return position;
        }

        long place = !IsBytes ? position - Origin
            : position <= Origin ? long.MinValue
            : Encoding.UTF8.GetByteCount(normalized.AsSpan(Origin, (int)position - Origin));
        return place <= Start ? long.MinValue : place >= Start + Length ? long.MaxValue : place - Start;
    }

    /// <summary>A part of it.</summary>
    public Piece Slice(int start, int end) => this with { Start = Start + start, Length = end - start };

    /// <summary>The piece as a text of its own.</summary>
    public Piece Alone() => Length == Text.Length ? this : new(Span.ToString(), 0, Length, Math.Clamp(Leading - Start, 0, Length))
    {
        Origin = Origin + Start,
    };

    /// <summary>The piece as a text of its own with a prefix, which stands where the piece starts.</summary>
    public Piece WithPrefix(string prefix)
    {
        Piece alone = Alone();
        return new(prefix + alone.Text, 0, prefix.Length + alone.Length, alone.StartsRow ? prefix.Length + alone.Leading : 0)
        {
            Origin = alone.Origin - prefix.Length,
        };
    }
}
