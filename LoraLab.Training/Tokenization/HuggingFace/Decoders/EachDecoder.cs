namespace LoraLab.Training.Tokenization.HuggingFace.Decoders;

/// <summary>A change of every text on its own; the change gets the text and its position.</summary>
internal sealed class EachDecoder(Func<string, int, string> change) : ITokenDecoder
{
    /// <inheritdoc />
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) => [.. tokens.Select(change)];
}
