using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>The text of a regular expression, read from left to right.</summary>
internal sealed class PatternReader(string pattern)
{
    private int _at;

    /// <summary>Whether everything is read.</summary>
    public bool AtEnd => _at == pattern.Length;

    /// <summary>Reads a text if it comes next.</summary>
    public bool Take(string text)
    {
        if (!Sees(text))
        {
            return false;
        }

        _at += text.Length;
        return true;
    }

    /// <summary>Whether a text comes next.</summary>
    public bool Sees(string text) => pattern.AsSpan(_at).StartsWith(text, StringComparison.Ordinal);

    /// <summary>Reads the next code point.</summary>
    /// <exception cref="FormatException">The pattern ends here.</exception>
    public int Next()
    {
        if (AtEnd)
        {
            throw Refuse("ends too early");
        }

        int codePoint = char.IsSurrogatePair(pattern, _at) ? char.ConvertToUtf32(pattern, _at) : pattern[_at];
        _at += codePoint > char.MaxValue ? 2 : 1;
        return codePoint;
    }

    /// <summary>Reads up to a character, and the character.</summary>
    /// <exception cref="FormatException">It does not come.</exception>
    public string Until(char end)
    {
        int found = pattern.IndexOf(end, _at);
        if (found < 0)
        {
            throw Refuse($"has no '{end}' where one is due");
        }

        string text = pattern[_at..found];
        _at = found + 1;
        return text;
    }

    /// <summary>Reads a number of up to some digits; null: no digit comes next.</summary>
    public int? Number(int digits, int numberBase)
    {
        int end = _at;
        while (end < pattern.Length && end - _at < digits && Digit(pattern[end]) < numberBase)
        {
            end++;
        }

        int? value = null;
        for (; _at < end; _at++)
        {
            value = ((value ?? 0) * numberBase) + Digit(pattern[_at]);
        }

        return value;
    }

    /// <summary>A failure about the pattern; the problem is the predicate of a sentence.</summary>
    public FormatException Refuse(string problem) =>
        new($"has the pattern '{Excerpt.Of(pattern)}', which {problem} (at character {_at})");

    private static int Digit(char c) => char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiHexDigit(c) ? (c | 0x20) - 'a' + 10 : int.MaxValue;
}
