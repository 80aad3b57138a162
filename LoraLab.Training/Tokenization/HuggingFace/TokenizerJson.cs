using System.Text.Json;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization.HuggingFace.AddedTokens;
using LoraLab.Training.Tokenization.HuggingFace.Decoders;
using LoraLab.Training.Tokenization.HuggingFace.Models;
using LoraLab.Training.Tokenization.HuggingFace.Normalizers;
using LoraLab.Training.Tokenization.HuggingFace.PostProcessors;
using LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

namespace LoraLab.Training.Tokenization.HuggingFace;

/// <summary>Reads <c>tokenizer.json</c> (tokenizers, <c>tokenizer/serialization.rs</c>).</summary>
internal static class TokenizerJson
{
    private const string Version = "1.0";

    /// <summary>Reads a file.</summary>
    /// <param name="json">Its content.</param>
    /// <param name="conventions">What the other files of its folder say.</param>
    /// <exception cref="FormatException">It is damaged, or asks for something that is not built; the message is the predicate of a
    /// sentence.</exception>
    public static HuggingFaceTokenizer Read(ReadOnlyMemory<byte> json, TextConventions conventions)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(new TokenizerPart(document.RootElement, ""), conventions);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            throw new FormatException($"is damaged ({Excerpt.Of(problem.Message.TrimEnd('.'))}); download the file again", problem);
        }
    }

    private static HuggingFaceTokenizer Read(TokenizerPart file, TextConventions conventions)
    {
        if (file.Value("model") is null)
        {
            throw new FormatException("has no key 'model', so it is not a file of Hugging Face's tokenizers; download the file again");
        }

        if (file.OptionalText("version") is string version && version != Version)
        {
            throw file.Wrong("version", $"must be {Version}");
        }

        RequireNone(file, "truncation", "it would cut texts off; set tooLong and maxTokens of the run instead");
        RequireNone(file, "padding", "LoraLab does not pad");
        INormalizer? normalizer = file.OptionalPart("normalizer") is TokenizerPart change ? NormalizerReader.Read(change) : null;
        List<IPreTokenizer> steps = [];
        if (file.OptionalPart("pre_tokenizer") is TokenizerPart division)
        {
            steps.AddRange(PreTokenizerReader.Read(division));
        }

        // Last in line, the bytes are left to the model, which then sees each word as text and looks up its bytes only once.
        bool isByteLevel = steps is [.., ByteLevelSplit];
        if (isByteLevel)
        {
            steps[^1] = ((ByteLevelSplit)steps[^1]).WithoutBytes();
        }

        ITokenModel model = ModelReader.Read(file.Part("model"), isByteLevel);
        AddedVocabulary added = new(AddedTokenReader.Read(file, model), normalizer);
        Dictionary<string, int> addedIds = added.Tokens.ToDictionary(token => token.Content, token => token.Id);
        IReadOnlyList<int> prefix = file.OptionalPart("post_processor") is TokenizerPart processor
            ? PrefixReader.Read(processor, IdOf)
            : [];
        ITokenDecoder? decoder = file.OptionalPart("decoder") is TokenizerPart reverse ? DecoderReader.Read(reverse) : null;
        file.RequireNothingElse();
        return new(added, normalizer, steps.Count == 0 ? null : new PreTokenizerSequence(steps), model, prefix, decoder)
        {
            Conventions = conventions,
        };

        int? IdOf(string token) =>
            addedIds.TryGetValue(token, out int id) || model.Vocabulary.TryGetValue(token, out id) ? id : null;
    }

    private static void RequireNone(TokenizerPart file, string key, string reason)
    {
        if (file.Value(key) is not null)
        {
            throw file.Wrong(key, $"must be null: {reason}");
        }
    }
}
