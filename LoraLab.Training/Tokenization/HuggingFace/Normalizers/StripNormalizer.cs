using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Normalizers;

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    /// <inheritdoc />
    public NormalizedText Normalize(NormalizedText text, TextScratch scratch)
    {
        (int start, int end) = (0, text.Text.Length);
        while (left && start < end && UnicodeSets.WhiteSpace.Contains(text.Text[start]))
        {
            start++;
        }

        while (right && end > start && UnicodeSets.WhiteSpace.Contains(text.Text[end - 1]))
        {
            end--;
        }

        return start == 0 && end == text.Text.Length
            ? text
            : new(text.Text[start..end], Math.Clamp(text.Leading - start, 0, end - start));
    }
}
