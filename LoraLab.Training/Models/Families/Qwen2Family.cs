using System.Text.Json.Nodes;

namespace LoraLab.Training.Models.Families;

/// <summary>Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases on queries, keys and values.</summary>
internal static class Qwen2Family
{
    /// <summary>Keys of the layers with a window, which Qwen 3 has too.</summary>
    public static IReadOnlyList<string> WindowKeys { get; } = ["sliding_window", "use_sliding_window", "max_window_layers", "layer_types"];

    /// <summary>The description.</summary>
    public static ModelFamily Family { get; } = new()
    {
        ModelType = "qwen2",
        Name = "Qwen 2 and 2.5",
        Architecture = "Qwen2ForCausalLM",
        Source = "arXiv 2407.10671, 2412.15115",
        Keys = WindowKeys,
        Defaults = new JsonObject
        {
            ["sliding_window"] = 4096,
            ["max_window_layers"] = 28,
            ["max_position_embeddings"] = 32768,
            ["num_key_value_heads"] = 32,
        },
        QueryKeyValueBias = _ => true,
        Slides = Slides,
    };

    /// <summary>The lower layers see everything; without <c>use_sliding_window</c> all do.</summary>
    public static bool Slides(LlamaConfig config, int layer) => config.UseSlidingWindow && layer >= config.MaxWindowLayers;
}
