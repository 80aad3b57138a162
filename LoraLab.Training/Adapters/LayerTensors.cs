using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// What a linear layer with an adapter computes with: y = c ∘ (x Wᵀ + x ΔWᵀ + s·((drop(x) Aᵀ) Rᵀ) Bᵀ − s·(x A₀ᵀ) B₀ᵀ) + b + Δb. What an
/// adapter does not have is null. Tensors are fp32, and either an adapter's own or differentiable functions of them.
/// </summary>
public sealed record LayerTensors
{
    /// <summary>A, [r, in].</summary>
    public Tensor? A_RI { get; init; }

    /// <summary>B, [out, r].</summary>
    public Tensor? B_OR { get; init; }

    /// <summary>R, [r, r].</summary>
    public Tensor? R_RR { get; init; }

    /// <summary>A₀, [r, in].</summary>
    public Tensor? ExtractedA_RI { get; init; }

    /// <summary>B₀, [out, r].</summary>
    public Tensor? ExtractedB_OR { get; init; }

    /// <summary>c, [out]; needs A and B.</summary>
    public Tensor? OutputScale_O { get; init; }

    /// <summary>ΔW, [out, in]. Of an adapter whose tensors are computed in each pass.</summary>
    public WeightUpdate? WeightUpdate { get; init; }

    /// <summary>Δb, [out].</summary>
    public Tensor? BiasDelta_O { get; init; }

    /// <summary>
    /// The tensor with a place in the arguments of the kernels; null: there is none, or it is that of <see cref="WeightUpdate"/>, which is
    /// computed in parts.
    /// </summary>
    public Tensor? this[AdapterFactor factor] => factor switch
    {
        AdapterFactor.A => A_RI,
        AdapterFactor.B => B_OR,
        AdapterFactor.R => R_RR,
        AdapterFactor.ExtractedA => ExtractedA_RI,
        AdapterFactor.ExtractedB => ExtractedB_OR,
        AdapterFactor.OutputScale => OutputScale_O,
        AdapterFactor.WeightDelta => null,
        AdapterFactor.BiasDelta => BiasDelta_O,
        _ => throw new ArgumentOutOfRangeException(nameof(factor), factor, null),
    };
}
