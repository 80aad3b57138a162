using LoraLab.Training.Files.Keys;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>The keys of <c>adapter_config.json</c>, as PEFT 0.3 to 0.21 writes it.</summary>
internal static class PeftConfigKeys
{
    private const string Other = "which is not supported; convert the adapter to plain LoRA factors first";

    /// <summary>The table of a method's adapters.</summary>
    public static KeyTable Of(PeftLayout layout) => Table().Known([.. layout.Keys]);

    private static KeyTable Table() => new KeyTable()
        .Mathematics("alpha", "rank", "dora", "decompos", "magnitude", "replic")
        // Read by PeftConfig; targets, layers and ranks follow from the tensors.
        .Known(
            "peft_type", "base_model_name_or_path", "r", "lora_alpha", "use_rslora", "init_lora_weights", "target_modules",
            "exclude_modules", "layers_to_transform", "layers_pattern", "rank_pattern",
            "alpha_pattern", "modules_to_save")
        // Whether weights are stored as [in, out]: PEFT itself sets it to false for linear layers.
        .Known("fan_in_fan_out")
        // About training, files and how the factors were initialized.
        .Known(
            "lora_dropout", "inference_mode", "auto_mapping", "peft_version", "revision", "megatron_core", "qalora_group_size",
            "ensure_weight_tying", "loftq_config", "eva_config", "corda_config", "lora_ga_config", "runtime_config", "inference_only",
            "base_model_class", "parent_library", "unsloth_fixed", "unsloth_version", "trl_version")
        .HarmlessIf(KeyValues.In("CAUSAL_LM", ""), "but runs train a language model; use an adapter of task_type CAUSAL_LM", "task_type")
        .HarmlessIf(KeyValues.In("none"), "that is, with biases, which are not supported; use an adapter of LoRA factors only", "bias")
        .HarmlessIf(
            KeyValues.Off,
            Other,
            "use_dora",
            "lora_bias",
            "use_qalora",
            "use_bdlora",
            "layer_replication",
            "alora_invocation_tokens",
            "arrow_config",
            "trainable_token_indices",
            "target_parameters",
            "megatron_config",
            "kasa_config",
            "velora_config",
            "monteclora_config",
            "enable_lora");
}
