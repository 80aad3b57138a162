using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization.HuggingFace.Normalizers;

namespace LoraLab.Training.Tokenization.HuggingFace.AddedTokens;

/// <summary>The added tokens of a tokenizer: some are found in the text as it is, the others in the normalized text.</summary>
internal sealed class AddedVocabulary
{
    private readonly AddedTokenFinder _plain;
    private readonly AddedTokenFinder _normalized;
    private readonly AddedTokenFinder _special;

    /// <summary>A vocabulary.</summary>
    /// <param name="tokens">Tokens; no text occurs twice.</param>
    /// <param name="normalizer">Normalizer of the tokenizer; null: none.</param>
    /// <exception cref="FormatException">Two tokens have one normalized form, or one has none.</exception>
    public AddedVocabulary(IReadOnlyList<AddedToken> tokens, INormalizer? normalizer)
    {
        Tokens = tokens;
        Dictionary<string, AddedToken> normalized = new(StringComparer.Ordinal);
        foreach (AddedToken token in tokens.Where(token => token.IsNormalized))
        {
            string text = normalizer?.Normalize(new(token.Content, 0), new TextScratch()).Text ?? token.Content;
            if (text.Length == 0 || !normalized.TryAdd(text, token))
            {
                throw new FormatException(
                    $"has the added token '{Excerpt.Of(token.Content)}', of which the normalizer leaves "
                        + (text.Length == 0 ? "nothing" : $"'{Excerpt.Of(text)}', as of another one") + "; set normalized to false");
            }
        }

        _plain = new(tokens.Where(token => !token.IsNormalized).ToDictionary(token => token.Content));
        _normalized = new(normalized);
        _special = new(tokens.Where(token => token.IsSpecial).ToDictionary(token => token.Content));
    }

    /// <summary>The tokens in the order of the file.</summary>
    public IReadOnlyList<AddedToken> Tokens { get; }

    /// <summary>Adds the parts of a text as it is.</summary>
    public void Find(string text, List<AddedTokenPart> parts) => _plain.Find(text, parts);

    /// <summary>Adds the parts of a normalized text.</summary>
    public void FindNormalized(string text, List<AddedTokenPart> parts) => _normalized.Find(text, parts);

    /// <summary>The first special token that occurs in a text; null: none does.</summary>
    public string? SpecialIn(string text)
    {
        if (_special.FindsNothing(text))
        {
            return null;
        }

        List<AddedTokenPart> parts = [];
        _special.Find(text, parts);
        return parts.Find(part => part.Token is not null).Token?.Content;
    }
}
