using System.Text.Json;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// The keys of <c>tokenizer_config.json</c> beside <c>tokenizer.model</c>. LoraLab encodes a text as the SentencePiece model does, with BOS
/// in front and nothing behind; a key that asks for something else is refused.
/// </summary>
internal static class TokenizerConfigKeys
{
    private const string Change = "but LoraLab encodes text as tokenizer.model does, with BOS in front and nothing behind; "
        + "remove the key if the model was trained that way";

    private static readonly KeyTable _table = TokenizerConfigFile.Harmless()
        .Known("split_special_tokens")
        .HarmlessIf(
            KeyValues.In(
                "LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer", "CodeLlamaTokenizerFast", "LLaMATokenizer",
                "PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend", "SentencePieceBackend"),
            "but LoraLab reads tokenizer.model as a Llama tokenizer; use a model with that tokenizer",
            "tokenizer_class")
        .HarmlessIf(
            TokenizerConfigFile.HasNoCode,
            "that is, code of its own for the tokenizer, which LoraLab does not run; use a model with a Llama tokenizer",
            "auto_map")
        .HarmlessIf(KeyValues.On, Change, "add_bos_token", "add_prefix_space", "add_dummy_prefix")
        .HarmlessIf(KeyValues.Off, Change, ["add_eos_token", .. TokenizerConfigFile.Changes])
        .HarmlessIf(
            value => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(entry => KeyValues.Off(entry.Value)
                || entry.Name is "nbest_size" or "alpha"),
            Change,
            "sp_model_kwargs");

    /// <summary>Checks the file of a model folder, if there is one.</summary>
    /// <param name="folder">Model folder.</param>
    /// <param name="format">Its <c>tokenizer.model</c>.</param>
    /// <returns>A warning about keys that are ignored, if there are any.</returns>
    /// <exception cref="RunFailure">The file is not a JSON object, or asks for another encoding; field <c>model</c>.</exception>
    public static IReadOnlyList<string> Check(string folder, TokenizerModelFormat format)
    {
        string path = Path.Combine(folder, TokenizerFiles.Configuration);
        if (!File.Exists(path))
        {
            return [];
        }

        using JsonDocument document = KeyFile.Parse(path, "model");
        IReadOnlyList<string> ignored = KeyFile.Check(document.RootElement, path, _table, "model");
        if (TokenizerConfigFile.TextOf(document.RootElement, "bos_token") is string bos && format.BosPiece is string piece && bos != piece)
        {
            throw RunFailure.BadData(
                $"{path} has bos_token '{Excerpt.Of(bos)}', but texts start with '{Excerpt.Of(piece)}' in {TokenizerFiles.Model}; use "
                    + "the files of one tokenizer.",
                "model");
        }

        return KeyFile.IgnoredWarning(path, ignored);
    }
}
