using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Role of a parameter within an adapter; it determines the learning rate.</summary>
public enum AdapterFactor
{
    /// <summary>The factor on the input side, [r, in].</summary>
    A,

    /// <summary>The factor on the output side, [out, r].</summary>
    B,

    /// <summary>The factor between A and B, [r, r].</summary>
    R,
}

/// <summary>A trainable tensor of an adapter.</summary>
/// <param name="Name">Full name, for example <c>model.layers.0.self_attn.q_proj.lora_A</c>.</param>
/// <param name="Factor">Its role.</param>
/// <param name="Value">The leaf tensor, fp32.</param>
public sealed record AdapterParameter(string Name, AdapterFactor Factor, Tensor Value);
