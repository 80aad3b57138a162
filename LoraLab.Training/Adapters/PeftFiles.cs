namespace LoraLab.Training.Adapters;

/// <summary>Names of the PEFT adapter layout.</summary>
public static class PeftFiles
{
    /// <summary>Configuration.</summary>
    public const string Config = "adapter_config.json";

    /// <summary>Weights.</summary>
    public const string Weights = "adapter_model.safetensors";

    /// <summary>LoraLab's own facts, apart from PEFT's configuration.</summary>
    public const string Facts = "loralab.json";

    /// <summary>Tensor name of a factor: PeftModel, LoraModel and the model's own prefix.</summary>
    public static string TensorName(string module, char factor) => $"base_model.model.{module}.lora_{factor}.weight";
}
