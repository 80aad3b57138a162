using LoraLab.Training.Tokenization.HuggingFace.Patterns;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Normalizers;

/// <summary>Reads the key <c>normalizer</c>.</summary>
internal static class NormalizerReader
{
    private const string Built =
        "normalizers: NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace, Nmt, Sequence";

    private static readonly CodePointSet _nmtRemoved = new(
        [(0x1, 0x8), (0xB, 0xB), (0xE, 0x1F), (0x7F, 0x7F), (0x8F, 0x8F), (0x9F, 0x9F)]);

    private static readonly CodePointSet _nmtSpaces = new(
    [
        (0x9, 0xA), (0xC, 0xD), (0x1680, 0x1680), (0x200B, 0x200F), (0x2028, 0x2029), (0x2581, 0x2581), (0xFEFF, 0xFEFF),
        (0xFFFD, 0xFFFD),
    ]);

    /// <summary>Reads a normalizer.</summary>
    /// <exception cref="FormatException">It is not built.</exception>
    public static INormalizer Read(TokenizerPart part)
    {
        INormalizer normalizer = part.Type switch
        {
            "NFC" => new MapNormalizer(Normalization.Nfc),
            "NFD" => new MapNormalizer(Normalization.Nfd),
            "NFKC" => new MapNormalizer(Normalization.Nfkc),
            "NFKD" => new MapNormalizer(Normalization.Nfkd),
            "Lowercase" => new MapNormalizer(CodePoints.Lowercase),
            "StripAccents" => new MapNormalizer(text => CodePoints.Without(text, CharacterData.Instance.Marks)),
            "Nmt" => new MapNormalizer(Nmt),
            "Strip" => new StripNormalizer(part.Flag("strip_left"), part.Flag("strip_right")),
            "Prepend" => new PrependNormalizer(part.Text("prepend")),
            "Replace" => new ReplaceNormalizer(TextPatterns.Read(part), part.Text("content")),
            "Sequence" => new NormalizerSequence([.. part.Parts("normalizers").Select(Read)]),
            _ => throw part.NotBuilt(Built),
        };
        part.RequireNothingElse();
        return normalizer;
    }

    // SentencePiece's rules for machine translation (tokenizers, normalizers/unicode.rs).
    private static string Nmt(string text) => string.Create(
        CodePoints.Without(text, _nmtRemoved).Length,
        CodePoints.Without(text, _nmtRemoved),
        (characters, from) =>
        {
            for (int i = 0; i < from.Length; i++)
            {
                characters[i] = _nmtSpaces.Contains(from[i]) ? ' ' : from[i];
            }
        });
}
