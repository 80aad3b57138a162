using System.Text.Json;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization.HuggingFace;

namespace LoraLab.Training.Tokenization;

/// <summary>Loads the tokenizer of a model folder: <c>tokenizer.json</c>, or else <c>tokenizer.model</c>.</summary>
public static class TokenizerFolder
{
    /// <summary>A text on which two files of one tokenizer agree.</summary>
    private const string Probe = "Two files, one tokenizer? It's 2024: naïve cafés,  tabs\tand\n\nlines; 東京, Привет, 🙂.";

    /// <summary>Loads the tokenizer.</summary>
    /// <exception cref="RunFailure">There is none, or it cannot be used; field <c>model</c>.</exception>
    public static LoadedTokenizer Load(string folder)
    {
        switch (TokenizerFiles.Deciding(folder))
        {
            case TokenizerFiles.Json:
                return LoadJson(folder);
            case TokenizerFiles.Model:
                ITokenizer tokenizer = LlamaTokenizerFile.Load(folder, out string sha256, out IReadOnlyList<string> warnings);
                return new(tokenizer, sha256, warnings);
            default:
                throw RunFailure.BadData(
                    $"The model in {folder} has neither {TokenizerFiles.Json} nor {TokenizerFiles.Model}; add its tokenizer.", "model");
        }
    }

    private static LoadedTokenizer LoadJson(string folder)
    {
        string path = Path.Combine(folder, TokenizerFiles.Json);
        try
        {
            HuggingFaceTokenizer tokenizer = TokenizerJson.Read(JsonFile.Read(path, out byte[] bytes), TextConventions.Read(folder));
            List<string> warnings = [.. TokenizerJsonConfigKeys.Check(folder, tokenizer)];
            if (OtherIds(folder, tokenizer) is string warning)
            {
                warnings.Add(warning);
            }

            return new(tokenizer, Sha256Hash.OfBytes(bytes), warnings);
        }
        catch (FormatException problem)
        {
            throw RunFailure.BadData($"{path} {problem.Message}.", "model", problem);
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"{path} cannot be read: {Excerpt.Of(problem.Message)}", "model", problem);
        }
    }

    /// <summary>
    /// A warning if the folder's SentencePiece file gives a text other ids. A file that cannot be read is of no consequence.
    /// </summary>
    private static string? OtherIds(string folder, HuggingFaceTokenizer tokenizer)
    {
        if (!File.Exists(Path.Combine(folder, TokenizerFiles.Model)))
        {
            return null;
        }

        ITokenizer other;
        try
        {
            other = LlamaTokenizerFile.LoadWithoutConfiguration(folder);
        }
        catch (RunFailure)
        {
            return null;
        }

        ITokenizer one = tokenizer;
        return one.Encode(Probe).SequenceEqual(other.Encode(Probe)) ? null
            : $"{Path.Combine(folder, TokenizerFiles.Json)} decides over {TokenizerFiles.Model}, which gives other ids for the text "
                + $"'{Excerpt.Of(Probe)}'; remove the file that does not belong to the model.";
    }
}
