namespace LoraLab.Training.Adapters.Peft;

/// <summary>File and tensor names of a PEFT adapter.</summary>
public static class PeftFiles
{
    /// <summary>Configuration.</summary>
    public const string Config = "adapter_config.json";

    /// <summary>Weights.</summary>
    public const string Weights = "adapter_model.safetensors";

    /// <summary>LoraLab's own metadata, separate from PEFT's configuration.</summary>
    public const string Metadata = "loralab.json";

    private const string Prefix = "base_model.model.";

    /// <summary>Tensor name of a factor, with the prefixes of PeftModel and LoraModel.</summary>
    public static string TensorName(string module, char factor) => $"{Prefix}{module}.lora_{factor}.weight";

    /// <summary>Module of a factor's tensor name, or null if it is not the name of a factor.</summary>
    public static string? Module(string tensorName) =>
        tensorName.StartsWith(Prefix, StringComparison.Ordinal)
        && (tensorName.EndsWith(".lora_A.weight", StringComparison.Ordinal)
            || tensorName.EndsWith(".lora_B.weight", StringComparison.Ordinal))
            ? tensorName[Prefix.Length..^".lora_A.weight".Length]
            : null;
}
