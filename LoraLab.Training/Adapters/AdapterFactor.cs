namespace LoraLab.Training.Adapters;

/// <summary>
/// Role of a tensor that a layer with an adapter computes with (<see cref="LayerTensors"/>). The value is its place among those of a
/// layer in the arguments of the kernels (<c>Models/Packed/llama.torchscript</c>, which uses these names).
/// </summary>
public enum AdapterFactor
{
    /// <summary>The factor on the input side, [r, in].</summary>
    A,

    /// <summary>The factor on the output side, [out, r].</summary>
    B,

    /// <summary>The factor between A and B, [r, r].</summary>
    R,

    /// <summary>A₀, frozen: extracted from the base weight by an initialization, [r, in].</summary>
    ExtractedA,

    /// <summary>B₀, frozen: extracted from the base weight by an initialization, [out, r].</summary>
    ExtractedB,

    /// <summary>c: the factor of each output, [out].</summary>
    OutputScale,

    /// <summary>ΔW, [out, in]: an argument only where it is not part of the weight, but its gradient always.</summary>
    WeightDelta,

    /// <summary>Δb, [out]: only its gradient is an argument, because it is part of the bias.</summary>
    BiasDelta,
}
