namespace LoraLab.Training.Tokenization.HuggingFace.Decoders;

/// <summary>Several steps, one after the other.</summary>
internal sealed class DecoderSequence(IReadOnlyList<ITokenDecoder> steps) : ITokenDecoder
{
    /// <inheritdoc />
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) =>
        steps.Aggregate(tokens, (texts, step) => step.Decode(texts));
}
