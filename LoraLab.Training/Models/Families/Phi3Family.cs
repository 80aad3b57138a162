using System.Text.Json.Nodes;

namespace LoraLab.Training.Models.Families;

/// <summary>
/// Phi-3 and Phi-3.5 mini (Abdin et al. 2024): Llama with one matrix for queries, keys and values and one for gate and up.
/// </summary>
internal static class Phi3Family
{
    /// <summary>The description.</summary>
    public static ModelFamily Family { get; } = new()
    {
        ModelType = "phi3",
        Name = "Phi-3",
        Architecture = "Phi3ForCausalLM",
        Source = "arXiv 2404.14219",
        Keys = ["sliding_window"],
        Defaults = new JsonObject { ["rms_norm_eps"] = 1e-5, ["max_position_embeddings"] = 4096 },
        FusedLayers = true,
        Slides = (_, _) => true,
    };
}
