using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Calibration;

/// <summary>Starting factors of a layer from calibration rows, fp32; the owner disposes them.</summary>
/// <param name="A_RI">Input-side factor, [r, in].</param>
/// <param name="B_OR">Output-side factor, [out, r]; null: zero.</param>
/// <param name="Importance_R">
/// Share of each component in the variance of the layer's inputs, by which ranks are distributed over the layers, [r]; null: the ranks are
/// those of the specification.
/// </param>
public sealed record CalibratedFactors(Tensor A_RI, Tensor? B_OR = null, Tensor? Importance_R = null) : IDisposable
{
    /// <summary>The rank r.</summary>
    public int Rank => (int)A_RI.shape[0];

    /// <inheritdoc />
    public void Dispose()
    {
        A_RI.Dispose();
        B_OR?.Dispose();
        Importance_R?.Dispose();
    }
}
