using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;

namespace LoraLab.Training.Models;

/// <summary>
/// The keys of <c>generation_config.json</c>. They control how text is generated; training and label scores use the model's probabilities
/// as they are, so that all known keys are harmless.
/// </summary>
internal static class GenerationConfigKeys
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "generation_config.json";

    private static readonly KeyTable _table = new KeyTable().Known(
        "transformers_version", "_from_model_config", "bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id", "cls_token_id",
        "sep_token_id", "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id", "forced_decoder_ids", "max_length",
        "max_new_tokens", "min_length", "min_new_tokens", "early_stopping", "max_time", "stop_strings", "do_sample", "num_beams",
        "num_beam_groups", "penalty_alpha", "dola_layers", "use_cache", "cache_implementation", "cache_config", "return_legacy_cache",
        "temperature", "top_k", "top_p", "top_h", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "diversity_penalty",
        "repetition_penalty", "encoder_repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
        "bad_words_ids", "force_words_ids", "constraints", "renormalize_logits", "remove_invalid_values",
        "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "sequence_bias", "token_healing", "guidance_scale",
        "low_memory", "watermarking_config", "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores",
        "output_logits", "return_dict_in_generate", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule",
        "assistant_confidence_threshold", "assistant_early_exit", "assistant_lookbehind", "target_lookbehind",
        "prompt_lookup_num_tokens", "max_matching_ngram_size", "compile_config", "disable_compile", "prefill_chunk_size",
        "continuous_batching_config", "generation_kwargs", "chat_format", "max_window_size", "trust_remote_code");

    /// <summary>Checks the file of a model folder, if there is one; returns a warning about keys that are ignored, if any.</summary>
    /// <exception cref="RunFailure">The file is not a JSON object, or has a key that is refused; field <c>model</c>.</exception>
    public static IReadOnlyList<string> Check(string folder)
    {
        string path = Path.Combine(folder, FileName);
        return File.Exists(path) ? KeyFile.IgnoredWarning(path, KeyFile.Check(path, _table, "model")) : [];
    }
}
