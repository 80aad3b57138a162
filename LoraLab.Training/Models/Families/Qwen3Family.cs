using System.Text.Json.Nodes;

namespace LoraLab.Training.Models.Families;

/// <summary>Qwen 3 (Yang et al. 2025): Llama with an RMS norm on each head of queries and keys.</summary>
internal static class Qwen3Family
{
    /// <summary>The description.</summary>
    public static ModelFamily Family { get; } = new()
    {
        ModelType = "qwen3",
        Name = "Qwen 3",
        Architecture = "Qwen3ForCausalLM",
        Source = "arXiv 2505.09388",
        Keys = [.. Qwen2Family.WindowKeys, "attention_bias"],
        Defaults = new JsonObject
        {
            ["head_dim"] = 128,
            ["sliding_window"] = 4096,
            ["max_window_layers"] = 28,
            ["max_position_embeddings"] = 32768,
            ["num_key_value_heads"] = 32,
        },
        QueryKeyValueBias = config => config.AttentionBias,
        OutputBias = config => config.AttentionBias,
        HeadNorms = true,
        Slides = Qwen2Family.Slides,
    };
}
