using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>A trainable tensor of an adapter.</summary>
/// <param name="Name">Full name, for example <c>model.layers.0.self_attn.q_proj.lora_A</c>.</param>
/// <param name="Part">Name within the layer, for example <c>lora_A</c>.</param>
/// <param name="Value">The leaf tensor, fp32.</param>
public sealed record AdapterParameter(string Name, string Part, Tensor Value);
