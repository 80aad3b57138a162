namespace LoraLab.Training.Tokenization.HuggingFace.Decoders;

/// <summary>All texts become one (<c>Fuse</c>).</summary>
internal sealed class FuseDecoder : ITokenDecoder
{
    /// <inheritdoc />
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) => [string.Concat(tokens)];
}
