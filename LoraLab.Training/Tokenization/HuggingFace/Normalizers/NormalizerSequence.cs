namespace LoraLab.Training.Tokenization.HuggingFace.Normalizers;

/// <summary>Several changes, one after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<INormalizer> steps) : INormalizer
{
    /// <summary>The changes.</summary>
    public IReadOnlyList<INormalizer> Steps => steps;

    /// <inheritdoc />
    public NormalizedText Normalize(NormalizedText text, TextScratch scratch)
    {
        foreach (INormalizer step in steps)
        {
            text = step.Normalize(text, scratch);
        }

        return text;
    }
}
