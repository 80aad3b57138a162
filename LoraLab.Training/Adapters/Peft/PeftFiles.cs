namespace LoraLab.Training.Adapters.Peft;

/// <summary>Names of the PEFT adapter layout.</summary>
public static class PeftFiles
{
    /// <summary>Configuration.</summary>
    public const string Config = "adapter_config.json";

    /// <summary>Weights.</summary>
    public const string Weights = "adapter_model.safetensors";

    /// <summary>LoraLab's own facts, apart from PEFT's configuration.</summary>
    public const string Metadata = "loralab.json";

    private const string Prefix = "base_model.model.";

    /// <summary>Tensor name of a factor: PeftModel, LoraModel and the model's own prefix.</summary>
    public static string TensorName(string module, char factor) => $"{Prefix}{module}.lora_{factor}.weight";

    /// <summary>Module that a tensor's name speaks of, or null where it is no factor's name.</summary>
    public static string? Module(string tensorName) =>
        tensorName.StartsWith(Prefix, StringComparison.Ordinal)
        && (tensorName.EndsWith(".lora_A.weight", StringComparison.Ordinal) || tensorName.EndsWith(".lora_B.weight", StringComparison.Ordinal))
            ? tensorName[Prefix.Length..^".lora_A.weight".Length]
            : null;
}
