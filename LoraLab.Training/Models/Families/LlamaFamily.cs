namespace LoraLab.Training.Models.Families;

/// <summary>
/// Llama (Touvron et al. 2023; Grattafiori et al. 2024) and the models that share its class, such as TinyLlama and SmolLM2: RMS norms
/// before attention and MLP, grouped-query attention, a gated MLP.
/// </summary>
internal static class LlamaFamily
{
    /// <summary>The description.</summary>
    public static ModelFamily Family { get; } = new()
    {
        ModelType = "llama",
        Name = "Llama",
        Architecture = "LlamaForCausalLM",
        Source = "arXiv 2302.13971, 2407.21783",
        Keys = ["attention_bias", "mlp_bias"],
        QueryKeyValueBias = config => config.AttentionBias,
        OutputBias = config => config.AttentionBias,
        MlpBias = config => config.MlpBias,
    };
}
