using System.Text.Json.Nodes;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>The methods whose adapters PEFT's files hold.</summary>
internal static class PeftMethods
{
    /// <summary>The method of an adapter of LoRA's factors alone, whatever initialized them.</summary>
    public const string Plain = "lora";

    /// <summary>The values of <c>peft_type</c> that are read.</summary>
    public static IReadOnlyList<string> Types { get; } =
        [.. LoraMethods.All.Select(method => method.Peft.Type).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The method of a configuration that does not describe plain factors, with its settings; null: it does.</summary>
    public static (LoraMethod Method, PeftSettings Settings)? Of(JsonObject config)
    {
        string? type = config["peft_type"] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        foreach (LoraMethod method in LoraMethods.All.Where(method => method.Peft.Type == type))
        {
            if (method.Peft.Read(config) is PeftSettings settings)
            {
                return (method, settings);
            }
        }

        return null;
    }

    /// <summary>
    /// The method whose starting factors an <c>init_lora_weights</c> takes from the base; null: it takes none, or none that is known.
    /// </summary>
    public static LoraMethod? Initialized(string? initialization) => initialization is null
        ? null
        // PEFT writes pissa_niter_16 for the randomized decomposition.
        : LoraMethods.All.FirstOrDefault(method => method.PeftInitialization is string name
            && (initialization.Equals(name, StringComparison.OrdinalIgnoreCase)
                || initialization.StartsWith(name + "_niter_", StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether a method's own tensors are those of an adapter.</summary>
    public static bool Fits(LoraMethod method, PeftConfig config) =>
        config.IsPlain ? ReferenceEquals(method.Peft, PeftLayout.Lora) : method.Id == config.Method;
}
