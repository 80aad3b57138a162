using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization.HuggingFace.Models;

namespace LoraLab.Training.Tokenization.HuggingFace.AddedTokens;

/// <summary>
/// Reads the key <c>added_tokens</c>. Hugging Face's tokenizers gives a token the id that it has in the model's vocabulary, else the next
/// one; an id in the file that differs is refused, because the library would warn and take its own.
/// </summary>
internal static class AddedTokenReader
{
    /// <summary>Reads the tokens.</summary>
    /// <exception cref="FormatException">A token is wrong.</exception>
    public static IReadOnlyList<AddedToken> Read(TokenizerPart file, ITokenModel model)
    {
        List<AddedToken> tokens = [];
        if (file.Value("added_tokens") is null)
        {
            return tokens;
        }

        HashSet<string> contents = new(StringComparer.Ordinal);
        int next = model.Vocabulary.Count;
        foreach (TokenizerPart part in file.Parts("added_tokens"))
        {
            AddedToken token = new(
                part.Count("id"),
                part.Text("content"),
                part.Flag("special"),
                part.Flag("single_word"),
                part.Flag("lstrip"),
                part.Flag("rstrip"),
                part.Flag("normalized"));
            part.RequireNothingElse();
            if (token.Content.Length == 0 || !contents.Add(token.Content))
            {
                throw part.Wrong("content", "must be neither empty nor the text of another added token");
            }

            int id = model.Vocabulary.TryGetValue(token.Content, out int known) ? known : next++;
            if (token.Id != id)
            {
                throw part.Wrong(
                    "id",
                    $"Hugging Face's tokenizers would replace with {id} for '{Excerpt.Of(token.Content)}' "
                        + (id == known ? "(its id in model.vocab)" : "(the next id)") + "; use the files of one tokenizer");
            }

            tokens.Add(token);
        }

        return tokens;
    }
}
