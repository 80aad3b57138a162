namespace LoraLab.Training.Tokenization.HuggingFace.Decoders;

/// <summary>A step from the texts of tokens to the text that they stand for. Thread-safe.</summary>
internal interface ITokenDecoder
{
    /// <summary>The texts after the step.</summary>
    IReadOnlyList<string> Decode(IReadOnlyList<string> tokens);
}
