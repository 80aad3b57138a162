using System.Text.Json;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>Reads the key <c>model</c>.</summary>
internal static class ModelReader
{
    private const string Built = "models: BPE, Unigram";

    /// <summary>Reads a model.</summary>
    /// <param name="part">The model.</param>
    /// <param name="isByteLevel">Whether its pieces are text of which every byte stands for a character.</param>
    /// <exception cref="FormatException">It is not built, or wrong.</exception>
    public static ITokenModel Read(TokenizerPart part, bool isByteLevel)
    {
        // Early files have no type; only BPE has merges.
        string type = part.OptionalText("type") ?? (part.Value("merges") is null ? part.Type : "BPE");
        ITokenModel model = type switch
        {
            "BPE" => BytePairs(part, isByteLevel),
            "Unigram" when isByteLevel => throw part.Wrong("type", "cannot follow a byte-level pre-tokenizer in LoraLab"),
            "Unigram" => Unigram(part),
            _ => throw part.NotBuilt(Built),
        };
        part.RequireNothingElse();
        return model;
    }

    private static BytePairModel BytePairs(TokenizerPart part, bool isByteLevel)
    {
        foreach (string affix in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (part.OptionalText(affix) is { Length: > 0 })
            {
                throw part.Wrong(affix, "LoraLab does not compute; use a model with another tokenizer");
            }
        }

        if (part.Value("dropout") is JsonElement dropout && (dropout.ValueKind != JsonValueKind.Number || dropout.GetDouble() != 0))
        {
            throw part.Wrong("dropout", "makes ids random; set it to null");
        }

        Dictionary<string, int> vocabulary = Vocabulary(part);
        (MergeTable merges, bool crossesWords) = Merges(part, vocabulary);
        BytePairOptions options = new(
            isByteLevel,
            UnknownToken(part, vocabulary, isByteLevel),
            part.OptionalFlag("fuse_unk") ?? false,
            part.OptionalFlag("byte_fallback") ?? false,
            part.OptionalFlag("ignore_merges") ?? false);
        return new(vocabulary, merges, options, crossesWords);
    }

    private static string? UnknownToken(TokenizerPart part, Dictionary<string, int> vocabulary, bool isByteLevel)
    {
        string? token = part.OptionalText("unk_token");
        if (token is null || vocabulary.ContainsKey(token))
        {
            return token;
        }

        // Where every byte is a token, nothing is unknown.
        return isByteLevel && Enumerable.Range(0, 256).All(value => vocabulary.ContainsKey(ByteAlphabet.Of((byte)value)))
            ? null
            : throw part.Wrong("unk_token", "is not in model.vocab; download the file again");
    }

    private static Dictionary<string, int> Vocabulary(TokenizerPart part)
    {
        JsonElement values = part.Value("vocab") ?? throw part.Wrong("vocab", "must be an object");
        if (values.ValueKind != JsonValueKind.Object)
        {
            throw part.Wrong("vocab", "must be an object");
        }

        Dictionary<string, int> vocabulary = new(values.GetPropertyCount(), StringComparer.Ordinal);
        HashSet<int> ids = new(vocabulary.Capacity);
        foreach (JsonProperty entry in values.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id) || id < 0)
            {
                throw new FormatException($"has model.vocab '{Excerpt.Of(entry.Name)}' with an id that is no number of 0 or more");
            }

            if (!vocabulary.TryAdd(entry.Name, id) || !ids.Add(id))
            {
                throw new FormatException(
                    $"has model.vocab '{Excerpt.Of(entry.Name)}' with id {id} twice; every token needs an id of its own");
            }
        }

        return vocabulary;
    }

    private static (MergeTable Merges, bool CrossWords) Merges(TokenizerPart part, Dictionary<string, int> vocabulary)
    {
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> bySpan = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        JsonElement[] items = [.. part.Items("merges")];
        MergeTable merges = new(items.Length);
        bool crossWords = false;
        int rank = 0;
        for (int i = 0; i < items.Length; i++)
        {
            string merged;
            int middle;
            if (items[i].ValueKind == JsonValueKind.String)
            {
                string line = items[i].GetString()!;
                if (line.StartsWith("#version", StringComparison.Ordinal))
                {
                    continue;
                }

                middle = line.IndexOf(' ', StringComparison.Ordinal);
                merged = middle >= 0 && middle == line.LastIndexOf(' ') ? line.Remove(middle, 1) : throw Unreadable(i);
            }
            else if (items[i].ValueKind == JsonValueKind.Array && items[i].GetArrayLength() == 2
                && items[i][0].ValueKind == JsonValueKind.String && items[i][1].ValueKind == JsonValueKind.String)
            {
                string left = items[i][0].GetString()!;
                (merged, middle) = (left + items[i][1].GetString(), left.Length);
            }
            else
            {
                throw Unreadable(i);
            }

            merges.Set(Id(merged.AsSpan(0, middle), i), Id(merged.AsSpan(middle), i), rank++, Id(merged, i));
            crossWords |= BytePairModel.CrossesWords(merged);
        }

        return (merges, crossWords);

        int Id(ReadOnlySpan<char> token, int i) => bySpan.TryGetValue(token, out int id) ? id
            : throw new FormatException(
                $"has the merge model.merges[{i}], which needs the token '{Excerpt.Of(token.ToString())}', but model.vocab does not have "
                    + "it; download the file again");
    }

    private static FormatException Unreadable(int i) =>
        new($"has model.merges[{i}], which must be two tokens with a space between them, or a list of two tokens");

    private static UnigramModel Unigram(TokenizerPart part)
    {
        List<(string Token, double Score)> tokens = [];
        foreach (JsonElement item in part.Items("vocab"))
        {
            tokens.Add(item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2 && item[0].ValueKind == JsonValueKind.String
                && item[1].ValueKind == JsonValueKind.Number && double.IsFinite(item[1].GetDouble())
                ? (item[0].GetString()!, item[1].GetDouble())
                : throw new FormatException($"has model.vocab[{tokens.Count}], which must be a list of a token and its score"));
        }

        int? unknown = part.OptionalCount("unk_id");
        return unknown < tokens.Count || unknown is null
            ? new(tokens, unknown, part.OptionalFlag("byte_fallback") ?? false)
            : throw part.Wrong("unk_id", $"is not in model.vocab, which has {tokens.Count} tokens");
    }
}
