using System.Text;

namespace LoraLab.Training.Tokenization.HuggingFace.Unicode;

/// <summary>Changes of texts, code point by code point.</summary>
internal static class CodePoints
{
    /// <summary>Lower case as Rust's <c>char::to_lowercase</c>: without regard to neighbors; only U+0130 becomes two characters.</summary>
    public static string Lowercase(string text)
    {
        string lower = text.ToLowerInvariant();
        return lower.Contains('\u0130', StringComparison.Ordinal) ? lower.Replace("\u0130", "i\u0307", StringComparison.Ordinal) : lower;
    }

    /// <summary>Leaves out the code points of a set.</summary>
    public static string Without(string text, CodePointSet set)
    {
        StringBuilder kept = new(text.Length);
        for (int i = 0; i < text.Length;)
        {
            CodePoint point = CodePoint.At(text, i);
            if (!set.Contains(point.Value))
            {
                kept.Append(text, i, point.Length);
            }

            i += point.Length;
        }

        return kept.Length == text.Length ? text : kept.ToString();
    }

    /// <summary>The text in which a lone surrogate, which UTF-8 cannot have, is U+FFFD.</summary>
    public static string WellFormed(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? text
        : string.Concat(text.EnumerateRunes());
}
