using System.Text.Json.Nodes;

namespace LoraLab.Training.Models.Families;

/// <summary>Mistral 7B (Jiang et al. 2023): Llama whose layers all see a window of tokens, where the configuration has one.</summary>
internal static class MistralFamily
{
    /// <summary>The description.</summary>
    public static ModelFamily Family { get; } = new()
    {
        ModelType = "mistral",
        Name = "Mistral",
        Architecture = "MistralForCausalLM",
        Source = "arXiv 2310.06825",
        Keys = ["sliding_window"],
        Defaults = new JsonObject { ["sliding_window"] = 4096, ["num_key_value_heads"] = 8, ["max_position_embeddings"] = 131072 },
        Slides = (_, _) => true,
    };
}
