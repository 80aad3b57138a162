using System.Text.Json;
using LoraLab.Training.Files.Keys;
using LoraLab.Training.Models.Families;

namespace LoraLab.Training.Models;

/// <summary>The keys of <c>config.json</c>, as Hugging Face Transformers 4 and 5 write them.</summary>
internal static class ConfigKeys
{
    private const string Quantized =
        "but LoraLab trains on unquantized weights, or those that bitsandbytes saved in NF4; use the model from which it was quantized";
    private const string Other = "which LoraLab does not compute; use a model without it";

    // Keys that change the mathematics and that some family reads; at these values they are harmless in the others.
    private static readonly (string Key, Func<JsonElement, bool> Harmless)[] _read =
    [
        ("attention_bias", KeyValues.Off),
        ("mlp_bias", KeyValues.Off),
        ("use_sliding_window", KeyValues.Off),
        ("layer_types", KeyValues.All(KeyValues.In("full_attention"))),
        ("attn_logit_softcapping", KeyValues.Off),
        ("final_logit_softcapping", KeyValues.Off),
        ("rope_local_base_freq", KeyValues.Off),
        ("query_pre_attn_scalar", KeyValues.Off),
        ("sliding_window_pattern", KeyValues.Off),
        ("_sliding_window_pattern", KeyValues.Off),
    ];

    /// <summary>The table for a family and a context length.</summary>
    public static KeyTable Of(ModelFamily family, int contextLength)
    {
        KeyTable table = Common(family, contextLength);
        foreach ((string key, Func<JsonElement, bool> harmless) in _read)
        {
            table.HarmlessIf(harmless, Other, key);
        }

        return table.Known([.. family.Keys]);
    }

    private static KeyTable Common(ModelFamily family, int contextLength) => new KeyTable()
        .Mathematics(
            "attn", "attention", "activation", "residual", "parallel", "mlp", "ffn", "feed_forward", "kv_", "causal", "position", "logit",
            "mamba", "ssm", "conv_", "moe", "router", "sink", "chunk", "gate", "layer", "head", "embed", "vision", "audio", "text_config",
            "block", "interleav")
        // Read by LlamaConfig and RopeReader.
        .Known(
            "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
            "vocab_size", "max_position_embeddings", "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters",
            "original_max_position_embeddings", "tie_word_embeddings", "hidden_act", "hidden_activation")
        // About files, programs and memory.
        .Known(
            "transformers_version", "torch_dtype", "dtype", "_name_or_path", "name_or_path", "_commit_hash", "use_cache", "torchscript",
            "use_bfloat16", "tf_legacy_loss", "output_attentions", "output_hidden_states", "return_dict", "return_dict_in_generate",
            "output_scores", "attn_implementation", "_attn_implementation", "_attn_implementation_autoset", "_attn_implementation_internal",
            "_experts_implementation_internal", "use_flash_attn", "use_flash_attention", "_flash_attn_2_enabled", "pretraining_tp",
            "gradient_checkpointing", "chunk_size_feed_forward", "initializer_range", "initializer_factor", "tokenizer_class",
            "max_sequence_length", "model_max_length", "max_length", "unsloth_fixed", "unsloth_version", "_unsloth_fixed",
            "base_model_tp_plan", "base_model_pp_plan", "keys_to_ignore_at_inference", "max_window_layers", "use_flash_attention_2",
            "cache_implementation",
            "use_memory_efficient_attention", "transformers.js_config", "is_llama_config", "resize_token_embeddings",
            "pad_vocab_size_multiple_of", "neftune_noise_alpha")
        // About generation and other heads: runs score and train the language model.
        .Known(
            "bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id", "sep_token_id", "cls_token_id", "mask_token_id", "prefix",
            "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id", "min_length", "do_sample", "early_stopping",
            "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty",
            "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences",
            "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "problem_type",
            "finetuning_task", "task_specific_params", "id2label", "label2id", "num_labels")
        .HarmlessIf(
            KeyValues.Any(KeyValues.In(family.Architecture, family.Architecture.Replace("ForCausalLM", "Model", StringComparison.Ordinal))),
            $"but LoraLab needs a language model ({family.Architecture}); use a model with that head",
            "architectures")
        .HarmlessIf(
            value => value.ValueKind == JsonValueKind.Object
                && !value.EnumerateObject().Any(entry =>
                    entry.Name.StartsWith("AutoModel", StringComparison.Ordinal) && !IsStandard(entry.Value, family)),
            "that is, code of its own for the model, which LoraLab does not run; use a model of the standard architecture",
            "auto_map")
        .HarmlessIf(value => KeyValues.Off(value) || IsNf4(value), Quantized, "quantization_config")
        .HarmlessIf(KeyValues.Off, Quantized, "compression_config", "quantization", "load_in_4bit", "load_in_8bit")
        .HarmlessIf(
            KeyValues.Off,
            "which acts in training only, and LoraLab does not have it; set it to 0 in config.json to train without it",
            "attention_dropout",
            "attention_dropout_prob",
            "hidden_dropout",
            "hidden_dropout_prob",
            "attn_pdrop",
            "embd_pdrop",
            "resid_pdrop",
            "dropout",
            "classifier_dropout")
        .HarmlessIf(
            KeyValues.Off,
            Other,
            "is_encoder_decoder",
            "add_cross_attention",
            "cross_attention_hidden_size",
            "tie_encoder_decoder",
            "pruned_heads",
            "rope_interleaved",
            "use_bidirectional_attention",
            "qk_norm",
            "use_qk_norm",
            "qk_layernorm",
            "clip_qkv",
            "alibi",
            "use_bias",
            "qkv_bias",
            "num_experts")
        .HarmlessIf(
            KeyValues.One,
            Other,
            "embedding_multiplier",
            "residual_multiplier",
            "logits_scaling",
            "logit_scale",
            "partial_rotary_factor",
            "rotary_pct")
        .HarmlessIf(value => KeyValues.Off(value) || KeyValues.One(value), Other, "num_local_experts")
        .HarmlessIf(KeyValues.In("rope", "rotary"), Other, "position_embedding_type")
        .HarmlessIf(KeyValues.On, Other, "is_causal")
        .HarmlessIf(KeyValues.In([.. family.Activations.Keys]), Other, "hidden_activation", "activation_function", "activation")
        .HarmlessIf(
            value => KeyValues.Off(value)
                || (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double length) && length >= contextLength),
            "which is shorter than the context, and this family attends to all of it; use a model without it",
            "sliding_window")
        .HarmlessIf(value => KeyValues.Off(value) || KeyValues.On(value), Other, "is_decoder");

    // What bitsandbytes writes for a model in NF4, whose tensors are then checked.
    private static bool IsNf4(JsonElement value)
    {
        return value.ValueKind == JsonValueKind.Object
            && Is("quant_method", KeyValues.In("bitsandbytes"))
            && Is("bnb_4bit_quant_type", KeyValues.In("nf4"))
            && (Is("load_in_4bit", KeyValues.On) || Is("_load_in_4bit", KeyValues.On))
            && (!value.TryGetProperty("bnb_4bit_quant_storage", out JsonElement storage) || KeyValues.In("uint8")(storage));

        bool Is(string key, Func<JsonElement, bool> test) => value.TryGetProperty(key, out JsonElement entry) && test(entry);
    }

    /// <summary>
    /// Whether an entry of <c>auto_map</c> names a module that repeats the family's own class, as that of the first Phi-3 models does.
    /// </summary>
    private static bool IsStandard(JsonElement entry, ModelFamily family) =>
        entry.ValueKind == JsonValueKind.String
        && entry.GetString()!.EndsWith($"modeling_{family.ModelType}.{family.Architecture}", StringComparison.Ordinal);
}
