using System.Text;

namespace LoraLab.Training.Tokenization.HuggingFace.Decoders;

/// <summary>Characters that stand for bytes become the text of those bytes (<c>ByteLevel</c>); what is not UTF-8 becomes U+FFFD.</summary>
internal sealed class ByteLevelDecoder : ITokenDecoder
{
    /// <inheritdoc />
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens)
    {
        List<byte> bytes = [];
        foreach (string token in tokens)
        {
            ByteAlphabet.Decode(token, bytes);
        }

        return [Encoding.UTF8.GetString([.. bytes])];
    }
}
