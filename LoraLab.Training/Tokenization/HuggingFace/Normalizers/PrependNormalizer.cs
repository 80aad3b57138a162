namespace LoraLab.Training.Tokenization.HuggingFace.Normalizers;

/// <summary>Puts a text in front of a text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    /// <inheritdoc />
    public NormalizedText Normalize(NormalizedText text, TextScratch scratch) => text.Text.Length == 0 || prefix.Length == 0
        ? text
        : new(prefix + text.Text, text.Leading > 0 ? prefix.Length + text.Leading : 0);
}
