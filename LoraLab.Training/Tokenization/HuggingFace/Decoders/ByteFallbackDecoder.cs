using System.Globalization;
using System.Text;

namespace LoraLab.Training.Tokenization.HuggingFace.Decoders;

/// <summary>
/// Runs of byte tokens such as <c>&lt;0x0A&gt;</c> become the text of those bytes (<c>ByteFallback</c>); if a run is not UTF-8, each of its
/// bytes becomes U+FFFD.
/// </summary>
internal sealed class ByteFallbackDecoder : ITokenDecoder
{
    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <inheritdoc />
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens)
    {
        List<string> texts = [];
        List<byte> run = [];
        foreach (string token in tokens)
        {
            if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
                && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                run.Add(value);
                continue;
            }

            End(run, texts);
            texts.Add(token);
        }

        End(run, texts);
        return texts;
    }

    private static void End(List<byte> run, List<string> texts)
    {
        try
        {
            if (run.Count > 0)
            {
                texts.Add(_strict.GetString([.. run]));
            }
        }
        catch (DecoderFallbackException)
        {
            texts.AddRange(Enumerable.Repeat("\uFFFD", run.Count));
        }

        run.Clear();
    }
}
