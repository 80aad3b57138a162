namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>Divides texts into matches and what is between them. Thread-safe.</summary>
internal interface ITextPattern
{
    /// <summary>Adds the parts of a text to the matches of the scratch memory, which are cleared before.</summary>
    void Match(ReadOnlySpan<char> text, TextScratch scratch);
}
