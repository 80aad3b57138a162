namespace LoraLab.Training.Adapters;

/// <summary>
/// Role of a matrix within an adapter: its learning rate, name and shape. The value is its place among the factors of a layer in the
/// arguments of the kernels (<c>Models/Packed/llama.torchscript</c>, which uses these names).
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
}
