using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>A tensor of an adapter: a parameter, or a frozen value that the adapter needs to be rebuilt.</summary>
/// <param name="Part">Name within the layer, for example <c>lora_A</c>.</param>
/// <param name="Value">The value, fp32; a leaf of the autograd graph.</param>
/// <param name="Trained">Whether the optimizer changes it.</param>
public sealed record AdapterTensor(string Part, Tensor Value, bool Trained)
{
    /// <summary>Whether all layers have the same tensor, whose name then has no module.</summary>
    public bool Shared { get; init; }

    /// <summary>Full name, for example <c>model.layers.0.self_attn.q_proj.lora_A</c>.</summary>
    public string NameIn(string module) => Shared ? Part : $"{module}.{Part}";
}
