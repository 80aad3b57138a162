using System.Text.Json;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tokenization.HuggingFace.PostProcessors;

/// <summary>
/// Reads the key <c>post_processor</c>: the ids that it puts in front of every text. Tokens behind the text are refused, because prompts
/// are continued there.
/// </summary>
internal static class PrefixReader
{
    private const string Built = "post-processors: TemplateProcessing, ByteLevel, Sequence";

    /// <summary>The ids in front of a text.</summary>
    /// <param name="part">Post-processor.</param>
    /// <param name="idOf">Id of a token; null: there is no such token.</param>
    /// <exception cref="FormatException">It is not built, or wrong.</exception>
    public static IReadOnlyList<int> Read(TokenizerPart part, Func<string, int?> idOf)
    {
        IReadOnlyList<int> prefix;
        switch (part.Type)
        {
            case "ByteLevel":
                // About offsets only.
                part.Skip("add_prefix_space", "trim_offsets", "use_regex");
                prefix = [];
                break;
            case "TemplateProcessing":
                prefix = Template(part, idOf);
                break;
            case "Sequence":
                IReadOnlyList<TokenizerPart> processors = part.Parts("processors");
                prefix = processors.Count(processor => processor.Type == "TemplateProcessing") <= 1
                    ? [.. processors.SelectMany(processor => Read(processor, idOf))]
                    : throw part.Wrong("processors", "must not have more than one TemplateProcessing");
                break;
            default:
                throw part.NotBuilt(Built);
        }

        part.RequireNothingElse();
        return prefix;
    }

    private static List<int> Template(TokenizerPart part, Func<string, int?> idOf)
    {
        // The template of two texts is never used.
        part.Skip("pair");
        TokenizerPart special = part.Part("special_tokens");
        List<int> prefix = [];
        bool hasText = false;
        foreach (TokenizerPart piece in part.Parts("single"))
        {
            TokenizerPart? token = piece.OptionalPart("SpecialToken");
            TokenizerPart? text = piece.OptionalPart("Sequence");
            piece.RequireNothingElse();
            if (text is not null && token is null)
            {
                RequireFirstText(text, hasText);
                hasText = true;
            }
            else if (token is null || text is not null)
            {
                throw new FormatException($"has {piece.Place}, which must have either SpecialToken or Sequence");
            }
            else if (hasText)
            {
                throw new FormatException(
                    $"has {piece.Place}, a token behind the text, which LoraLab does not support, because prompts are continued there; "
                        + "remove it from the template");
            }
            else
            {
                prefix.AddRange(Ids(special, token, idOf));
            }
        }

        return hasText ? prefix : throw part.Wrong("single", "must have a Sequence");
    }

    private static void RequireFirstText(TokenizerPart text, bool hasText)
    {
        text.Skip("type_id");
        if (hasText || text.Text("id") != "A")
        {
            throw text.Wrong("id", "must be the one text, A");
        }

        text.RequireNothingElse();
    }

    private static IEnumerable<int> Ids(TokenizerPart special, TokenizerPart token, Func<string, int?> idOf)
    {
        token.Skip("type_id");
        TokenizerPart entry = special.OptionalPart(token.Text("id"))
            ?? throw token.Wrong("id", $"is not in {special.Place}; download the file again");
        token.RequireNothingElse();
        entry.Skip("id");
        List<JsonElement> ids = [.. entry.Items("ids")];
        List<JsonElement> names = [.. entry.Items("tokens")];
        entry.RequireNothingElse();
        for (int i = 0; i < ids.Count; i++)
        {
            yield return i < names.Count && names[i].ValueKind == JsonValueKind.String && ids[i].ValueKind == JsonValueKind.Number
                && ids[i].TryGetInt32(out int id) && idOf(names[i].GetString()!) == id
                ? id
                : throw new FormatException(
                    $"has {entry.Place} with ids that are not those of its tokens "
                        + $"({Excerpt.Of(entry.Value("tokens")!.Value.GetRawText())}) in model.vocab and added_tokens; use the files of "
                        + "one tokenizer");
        }
    }
}
