using System.Text;
using LoraLab.Training.Tokenization.HuggingFace.Patterns;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Normalizers;

/// <summary>Replaces the matches of a pattern.</summary>
internal sealed class ReplaceNormalizer(ITextPattern pattern, string content) : INormalizer
{
    /// <inheritdoc />
    public NormalizedText Normalize(NormalizedText text, TextScratch scratch)
    {
        if (pattern is LiteralPattern known && !text.Text.Contains(known.Literal, StringComparison.Ordinal))
        {
            return text;
        }

        pattern.Match(text.Text, scratch);
        StringBuilder replaced = new(text.Text.Length);
        int leading = 0;
        foreach (TextMatch part in scratch.Matches)
        {
            replaced.Append(part.IsMatch ? content : text.Text.AsSpan(part.Start, part.End - part.Start));
            // The new characters stand where the last one stood that they replace.
            int last = part.End > part.Start ? part.End - CodePoint.LengthBefore(text.Text, part.End) : part.Start;
            if (part.IsMatch ? last < text.Leading : part.Start < text.Leading)
            {
                leading = part.IsMatch || part.End <= text.Leading ? replaced.Length : replaced.Length - (part.End - text.Leading);
            }
        }

        return new(replaced.ToString(), leading);
    }
}
