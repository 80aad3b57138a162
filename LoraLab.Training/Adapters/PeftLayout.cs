using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Adapters;

/// <summary>How the adapters of a method look in PEFT's files.</summary>
/// <param name="Type">PEFT's <c>peft_type</c>.</param>
/// <param name="Parts">Names of the tensors in the file by their names within the layer; others are not stored.</param>
public sealed record PeftLayout(string Type, IReadOnlyDictionary<string, string> Parts)
{
    /// <summary>The layout of LoRA's factors.</summary>
    public static PeftLayout Lora { get; } = new(
        "LORA", new Dictionary<string, string> { ["lora_A"] = "lora_A.weight", ["lora_B"] = "lora_B.weight" });

    /// <summary>Parts of which a file has one tensor for all layers.</summary>
    public IReadOnlyList<string> Shared { get; init; } = [];

    /// <summary>
    /// Whether layers may have fewer triplets than the adapter's rank, as their tensors tell; <c>rank_pattern</c> then says which.
    /// </summary>
    public bool Pruned { get; init; }

    /// <summary>
    /// Keys of <c>adapter_config.json</c> that are read by <see cref="Read"/> or have no effect on the numbers, beside those of every type.
    /// </summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>
    /// Reads rank, alpha and the method's options of a configuration of this type; null: it belongs to another method of the type.
    /// </summary>
    public Func<JsonObject, PeftSettings?> Read { get; init; } = _ => null;

    /// <summary>The keys of <c>adapter_config.json</c> that are the method's own.</summary>
    public Func<RunSpec, IReadOnlyList<Adapter>, JsonObject> Write { get; init; } = (_, _) => [];
}
