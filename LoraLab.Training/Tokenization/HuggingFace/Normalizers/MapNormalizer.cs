namespace LoraLab.Training.Tokenization.HuggingFace.Normalizers;

/// <summary>A change of every character on its own, or of characters and their marks.</summary>
internal sealed class MapNormalizer(Func<string, string> change) : INormalizer
{
    /// <inheritdoc />
    public NormalizedText Normalize(NormalizedText text, TextScratch scratch) => text.Map(change);
}
