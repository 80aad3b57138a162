using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Which factor of an adapter a parameter is; learning-rate groups follow from it.</summary>
public enum AdapterFactor
{
    /// <summary>The factor on the input side, [r, in].</summary>
    A,

    /// <summary>The factor on the output side, [out, r].</summary>
    B,

    /// <summary>The small factor between A and B, [r, r].</summary>
    R,
}

/// <summary>A trainable tensor of an adapter.</summary>
/// <param name="Name">Full name, for example <c>model.layers.0.self_attn.q_proj.lora_A</c>.</param>
/// <param name="Factor">Which factor it is.</param>
/// <param name="Value">The leaf tensor, fp32.</param>
public sealed record AdapterParameter(string Name, AdapterFactor Factor, Tensor Value);
