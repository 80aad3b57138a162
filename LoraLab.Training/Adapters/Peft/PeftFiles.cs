using LoraLab.Training.Files;

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
    private const string SharedPrefix = "base_model.";
    private const string Suffix = ".weight";

    private static readonly string[] _wrappers = ["base_model", "model", "module", "language_model", "transformer"];
    private static readonly string[] _factors = [".lora_A.", ".lora_B."];

    /// <summary>Tensor name of a part of a method's adapter.</summary>
    public static string TensorName(PeftLayout layout, string module, string part)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return layout.Shared.Contains(part) ? SharedPrefix + layout.Parts[part] : $"{Prefix}{module}.{layout.Parts[part]}";
    }

    /// <summary>
    /// Module and part of a tensor name; the module is empty if all layers share the tensor; null: it is not of the layout.
    /// </summary>
    public static (string Module, string Part)? Split(PeftLayout layout, string tensorName)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(tensorName);
        foreach ((string part, string name) in layout.Parts)
        {
            if (layout.Shared.Contains(part))
            {
                if (tensorName == SharedPrefix + name)
                {
                    return ("", part);
                }
            }
            else if (tensorName.StartsWith(Prefix, StringComparison.Ordinal) && tensorName.EndsWith("." + name, StringComparison.Ordinal))
            {
                return (tensorName[Prefix.Length..^(name.Length + 1)], part);
            }
        }

        return null;
    }

    /// <summary>Tensor name of a factor, with the prefixes of PeftModel and LoraModel.</summary>
    public static string TensorName(string module, AdapterFactor factor) => Prefix + factor.NameIn(module) + Suffix;

    /// <summary>
    /// The name that PEFT gives a tensor that was saved with other prefixes or with the name of the adapter; other names stay as they are.
    /// </summary>
    public static string Canonical(string stored)
    {
        const string Layers = "layers";
        stored = WrapperNames.Without(stored);
        string[] parts = stored.Split('.');
        int layers = Array.IndexOf(parts, Layers);
        string name = layers >= 0 && parts[..layers].All(part => _wrappers.Contains(part))
            ? $"{Prefix}model.{string.Join('.', parts[layers..])}"
            : stored;
        return WithoutAdapterName(name);
    }

    private static string WithoutAdapterName(string name)
    {
        int factor = _factors.Max(part => name.LastIndexOf(part, StringComparison.Ordinal));
        int end = factor < 0 ? 0 : factor + _factors[0].Length - 1;
        return factor >= 0 && end < name.Length - Suffix.Length && name.EndsWith(Suffix, StringComparison.Ordinal)
            && name.IndexOf('.', end + 1) == name.Length - Suffix.Length
            ? name[..end] + Suffix
            : name;
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
