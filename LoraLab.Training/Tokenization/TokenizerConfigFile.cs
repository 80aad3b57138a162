using System.Text.Json;
using LoraLab.Training.Files.Keys;

namespace LoraLab.Training.Tokenization;

/// <summary>What <c>tokenizer_config.json</c> means beside either tokenizer file.</summary>
internal static class TokenizerConfigFile
{
    /// <summary>Keys that must be off: they would change texts before they are encoded.</summary>
    public static string[] Changes { get; } =
    [
        "do_lower_case", "do_lowercase", "lowercase", "remove_space", "strip_accents", "normalization", "normalize", "normalizer",
        "do_normalize",
    ];

    /// <summary>A table of the keys that have no effect on the ids of a text.</summary>
    public static KeyTable Harmless() => new KeyTable().Known(
        "tokenizer_file", "vocab_file", "merges_file", "vocab_size", "special_tokens_map_file", "name_or_path", "_commit_hash", "use_fast",
        "from_slow", "backend", "is_local", "processor_class", "model_max_length", "max_length", "max_len", "stride", "padding",
        "padding_side", "truncation", "truncation_side", "truncation_strategy", "pad_to_multiple_of", "pad_token_type_id",
        "model_input_names", "model_specific_special_tokens", "return_token_type_ids", "chat_template", "use_default_system_prompt",
        "response_template", "response_schema", "clean_up_tokenization_spaces", "spaces_between_special_tokens", "errors", "legacy",
        "trust_remote_code", "unk_token", "eos_token", "pad_token", "sep_token", "cls_token", "mask_token", "bos_token",
        "additional_special_tokens", "extra_special_tokens", "added_tokens_decoder", "prefix_token", "middle_token", "suffix_token",
        "eot_token", "fill_token", "suffix_first", "tokenizer_type", "init_inputs", "adapter_path", "image_token", "audio_token",
        "eos_token_id", "bos_token_id", "pad_token_id", "unk_token_id");

    /// <summary>Whether a value names no tokenizer code of its own.</summary>
    public static bool HasNoCode(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any(entry => entry.Name == "AutoTokenizer");

    /// <summary>The text of a token, which is a text or an object with its content; null: there is none.</summary>
    public static string? TextOf(JsonElement root, string key) =>
        root.TryGetProperty(key, out JsonElement token) ? TextOf(token) : null;

    /// <summary>The text of a token, which is a text or an object with its content; null: it is neither.</summary>
    public static string? TextOf(JsonElement token) => token.ValueKind == JsonValueKind.String ? token.GetString()
        : token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out JsonElement content)
            && content.ValueKind == JsonValueKind.String ? content.GetString()
        : null;
}
