namespace LoraLab.Training.Tokenization.HuggingFace.Unicode;

/// <summary>A code point in a text.</summary>
/// <param name="Value">The code point; a surrogate without its partner is itself.</param>
/// <param name="Length">UTF-16 units.</param>
internal readonly record struct CodePoint(int Value, int Length)
{
    /// <summary>The code point that starts at a position.</summary>
    public static CodePoint At(ReadOnlySpan<char> text, int position)
    {
        char unit = text[position];
        return char.IsHighSurrogate(unit) && position + 1 < text.Length && char.IsLowSurrogate(text[position + 1])
            ? new(char.ConvertToUtf32(unit, text[position + 1]), 2)
            : new(unit, 1);
    }

    /// <summary>UTF-16 units of the code point that ends at a position.</summary>
    public static int LengthBefore(ReadOnlySpan<char> text, int position) =>
        char.IsLowSurrogate(text[position - 1]) && position > 1 && char.IsHighSurrogate(text[position - 2]) ? 2 : 1;
}
