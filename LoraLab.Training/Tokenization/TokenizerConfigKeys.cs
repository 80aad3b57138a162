using System.Text.Json;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// The keys of <c>tokenizer_config.json</c> of a Llama tokenizer. LoraLab encodes a text as the SentencePiece model does, with BOS in front
/// and nothing behind; a key that asks for something else is refused.
/// </summary>
internal static class TokenizerConfigKeys
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "tokenizer_config.json";

    private const string Change = "but LoraLab encodes text as tokenizer.model does, with BOS in front and nothing behind; "
        + "remove the key if the model was trained that way";

    private static readonly KeyTable _table = new KeyTable()
        .Known(
            "tokenizer_file", "vocab_file", "special_tokens_map_file", "name_or_path", "_commit_hash", "use_fast", "from_slow", "backend",
            "is_local", "processor_class", "model_max_length", "max_length", "max_len", "stride", "padding", "padding_side", "truncation",
            "truncation_side", "truncation_strategy", "pad_to_multiple_of", "pad_token_type_id", "model_input_names",
            "model_specific_special_tokens", "return_token_type_ids", "chat_template", "use_default_system_prompt", "response_template",
            "response_schema", "clean_up_tokenization_spaces", "spaces_between_special_tokens", "errors", "legacy",
            "trust_remote_code", "unk_token", "eos_token", "pad_token", "sep_token", "cls_token", "mask_token", "bos_token",
            "additional_special_tokens", "extra_special_tokens", "added_tokens_decoder", "split_special_tokens", "prefix_token",
            "middle_token", "suffix_token", "eot_token", "fill_token", "suffix_first", "tokenizer_type", "init_inputs", "adapter_path",
            "image_token", "audio_token", "eos_token_id", "bos_token_id", "pad_token_id", "unk_token_id")
        .HarmlessIf(
            KeyValues.In(
                "LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer", "CodeLlamaTokenizerFast", "LLaMATokenizer",
                "PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend", "SentencePieceBackend"),
            "but LoraLab reads tokenizer.model as a Llama tokenizer; use a model with that tokenizer",
            "tokenizer_class")
        .HarmlessIf(
            value => value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any(entry => entry.Name == "AutoTokenizer"),
            "that is, code of its own for the tokenizer, which LoraLab does not run; use a model with a Llama tokenizer",
            "auto_map")
        .HarmlessIf(KeyValues.On, Change, "add_bos_token", "add_prefix_space", "add_dummy_prefix")
        .HarmlessIf(
            KeyValues.Off,
            Change,
            "add_eos_token",
            "do_lower_case",
            "do_lowercase",
            "lowercase",
            "remove_space",
            "strip_accents",
            "normalization",
            "normalize",
            "normalizer",
            "do_normalize")
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
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return [];
        }

        using JsonDocument document = KeyFile.Parse(path, "model");
        IReadOnlyList<string> ignored = KeyFile.Check(document.RootElement, path, _table, "model");
        if (TextOf(document.RootElement, "bos_token") is string bos && format.BosPiece is string piece && bos != piece)
        {
            throw RunFailure.BadData(
                $"{path} has bos_token '{Excerpt.Of(bos)}', but texts start with '{Excerpt.Of(piece)}' in {TokenizerModelFile.Name}; use "
                    + "the files of one tokenizer.",
                "model");
        }

        return KeyFile.IgnoredWarning(path, ignored);
    }

    /// <summary>A token is a text, or an object with its content.</summary>
    private static string? TextOf(JsonElement root, string key) => !root.TryGetProperty(key, out JsonElement token) ? null
        : token.ValueKind == JsonValueKind.String ? token.GetString()
        : token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out JsonElement content)
            && content.ValueKind == JsonValueKind.String ? content.GetString()
        : null;
}
