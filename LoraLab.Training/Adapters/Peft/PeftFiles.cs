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
    private const string Suffix = ".weight";
    private const string AdapterName = ".default";

    private static readonly string[] _wrappers = ["base_model", "model", "module", "_orig_mod"];

    /// <summary>Tensor name of a factor, with the prefixes of PeftModel and LoraModel.</summary>
    public static string TensorName(string module, AdapterFactor factor) => Prefix + factor.NameIn(module) + Suffix;

    /// <summary>
    /// The name that PEFT gives a tensor that was saved with other prefixes or with the name of the adapter; other names stay as they are.
    /// </summary>
    public static string Canonical(string stored)
    {
        const string Layers = "layers";
        string[] parts = stored.Split('.');
        int layers = Array.IndexOf(parts, Layers);
        string name = layers >= 0 && parts[..layers].All(part => _wrappers.Contains(part))
            ? $"{Prefix}model.{string.Join('.', parts[layers..])}"
            : stored;
        return name.EndsWith(AdapterName + Suffix, StringComparison.Ordinal) ? name[..^(AdapterName + Suffix).Length] + Suffix : name;
    }

    /// <summary>Module of a factor's tensor name, or null if it is not the name of a factor.</summary>
    public static string? Module(string tensorName) =>
        tensorName.StartsWith(Prefix, StringComparison.Ordinal)
            ? ModuleOf(tensorName, AdapterFactor.A) ?? ModuleOf(tensorName, AdapterFactor.B)
            : null;

    private static string? ModuleOf(string tensorName, AdapterFactor factor)
    {
        string end = factor.NameIn("") + Suffix;
        return tensorName.EndsWith(end, StringComparison.Ordinal) ? tensorName[Prefix.Length..^end.Length] : null;
    }
}
