using System.Text.Json.Nodes;

namespace LoraLab.Tests.Support;

/// <summary>PEFT adapters for the bundled model, made by hand: rank 4, α 8, queries and values of all layers.</summary>
internal static class AdapterFiles
{
    private const int Layers = 4;
    private const int Width = 64;

    /// <summary>The <c>adapter_config.json</c> as PEFT 0.18 writes it.</summary>
    public static JsonObject Config() => JsonNode.Parse("""
        {
          "alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null,
          "base_model_name_or_path": "sample", "bias": "none", "corda_config": null, "ensure_weight_tying": false, "eva_config": null,
          "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true, "layer_replication": null,
          "layers_pattern": null, "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 8, "lora_bias": false,
          "lora_dropout": 0.0, "megatron_config": null, "megatron_core": "megatron.core", "modules_to_save": null, "peft_type": "LORA",
          "peft_version": "0.18.0", "qalora_group_size": 16, "r": 4, "rank_pattern": {}, "revision": null,
          "target_modules": ["q_proj", "v_proj"], "target_parameters": null, "task_type": "CAUSAL_LM", "trainable_token_indices": null,
          "use_dora": false, "use_qalora": false, "use_rslora": false
        }
        """)!.AsObject();

    /// <summary>The factors by name.</summary>
    /// <param name="prefix">What stands before <c>layers</c>.</param>
    /// <param name="rank">Rank.</param>
    /// <param name="layers">Number of adapted layers.</param>
    /// <param name="infix">What stands between the factor and <c>.weight</c>.</param>
    public static Dictionary<string, PlainTensor> Factors(
        string prefix = "base_model.model.model.", int rank = 4, int layers = Layers, string infix = "")
    {
        Dictionary<string, PlainTensor> factors = [];
        for (int layer = 0; layer < layers; layer++)
        {
            foreach ((string name, int width) in new[] { ("q_proj", Width), ("v_proj", Width / 2) })
            {
                string module = $"{prefix}layers.{layer}.self_attn.{name}.";
                factors[$"{module}lora_A{infix}.weight"] = PlainTensor.Random(7 + layer, rank, Width);
                factors[$"{module}lora_B{infix}.weight"] = PlainTensor.Random(107 + layer, width, rank);
            }
        }

        return factors;
    }

    /// <summary>The <c>adapter_model.safetensors</c> of the factors.</summary>
    public static byte[] Weights() => HandmadeModel.Safetensors(Factors(), new Dictionary<string, string> { ["format"] = "pt" });
}
