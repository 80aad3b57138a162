using System.Text.Json.Nodes;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Models.Families;

/// <summary>
/// The language models of Gemma 3 (Kamath et al. 2025): scaled embeddings, gains stored as differences to 1, norms before and after each
/// half of a block and on the heads of queries and keys, five layers with a window and frequencies of their own for each layer without.
/// </summary>
internal static class Gemma3Family
{
    /// <summary>The description.</summary>
    public static ModelFamily Family { get; } = new()
    {
        ModelType = "gemma3_text",
        Name = "Gemma 3 (text)",
        Architecture = "Gemma3ForCausalLM",
        Source = "arXiv 2503.19786",
        Keys =
        [
            "sliding_window", "layer_types", "sliding_window_pattern", "_sliding_window_pattern", "rope_local_base_freq",
            "query_pre_attn_scalar", "attention_bias", "attn_logit_softcapping", "final_logit_softcapping",
        ],
        Defaults = new JsonObject
        {
            ["tie_word_embeddings"] = true,
            ["head_dim"] = 256,
            ["sliding_window"] = 4096,
            ["sliding_window_pattern"] = 6,
            ["rope_theta"] = 1_000_000,
            ["rope_local_base_freq"] = 10_000,
            ["query_pre_attn_scalar"] = 256,
            ["max_position_embeddings"] = 131072,
            ["num_key_value_heads"] = 4,
        },
        Activations = new Dictionary<string, GateActivation>
        {
            ["gelu_pytorch_tanh"] = GateActivation.GeluTanh,
            ["gelu_new"] = GateActivation.GeluTanh,
        },
        QueryKeyValueBias = config => config.AttentionBias,
        OutputBias = config => config.AttentionBias,
        HeadNorms = true,
        OutputNorms = true,
        GainOffset = 1,
        ScaledEmbedding = true,
        AttentionScalar = config => config.QueryScalar,
        Slides = (config, layer) => (layer + 1) % config.SlidingWindowPattern != 0,
        LocalFrequencies = true,
    };
}
