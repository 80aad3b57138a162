namespace LoraLab.Training.Tokenization.HuggingFace.Normalizers;

/// <summary>Changes a text before it is divided. Thread-safe.</summary>
internal interface INormalizer
{
    /// <summary>The changed text; the same object if nothing changed.</summary>
    NormalizedText Normalize(NormalizedText text, TextScratch scratch);
}
