using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>
/// Rotary position embedding (Su et al. 2021) in the rotate-half form of Hugging Face:
/// frequencies θ^(−2i/H), possibly scaled, angle = position × frequency, applied to the two halves of a head.
/// </summary>
public sealed class RotaryEmbedding : IDisposable
{
    private readonly Tensor _cos_TH;
    private readonly Tensor _sin_TH;

    /// <summary>
    /// Tables for all positions of the context, fp32 (float64 for a float64 model) regardless of the weights' precision; H is half a head.
    /// </summary>
    public RotaryEmbedding(int headSize, int contextLength, RopeSettings settings, ScalarType dtype, Device device)
    {
        using IDisposable scope = NewDisposeScope();
        // Angles are computed in float64: position × frequency loses digits in fp32 at large positions.
        Tensor frequency = pow(tensor(settings.Theta, float64), arange(0, headSize, 2, float64).mul(-1.0 / headSize));
        if (!settings.IsPlain)
        {
            frequency = tensor(settings.Scale(TensorReader.Doubles(frequency)));
        }

        Tensor angle = outer(arange(0, contextLength, float64), frequency);
        _cos_TH = Table(angle.cos());
        _sin_TH = Table(angle.sin());

        Tensor Table(Tensor values) =>
            (settings.AttentionFactor == 1 ? values : values.mul(settings.AttentionFactor)).to(dtype).to(device).DetachFromDisposeScope();
    }

    /// <summary>Cosines and sines of given positions, [T, 1, H].</summary>
    public (Tensor Cos_T1H, Tensor Sin_T1H) At(Tensor positions_T) =>
        (_cos_TH.index_select(0, positions_T).unsqueeze(1), _sin_TH.index_select(0, positions_T).unsqueeze(1));

    /// <summary>
    /// Rotates queries or keys [B, heads, T, 2H] at positions 0..T−1; computed in the tables' precision, returned in the input's.
    /// </summary>
    public Tensor Rotate(Tensor x_BNTH)
    {
        long length = x_BNTH.shape[2];
        (Tensor cos_TH, Tensor sin_TH) = (_cos_TH.narrow(0, 0, length), _sin_TH.narrow(0, 0, length));
        Tensor[] halves = x_BNTH.to(_cos_TH.dtype).chunk(2, dim: -1);
        (Tensor a, Tensor b) = (halves[0], halves[1]);
        return cat([a.mul(cos_TH).sub(b.mul(sin_TH)), b.mul(cos_TH).Plus(a.mul(sin_TH))], dim: -1).to(x_BNTH.dtype);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _cos_TH.Dispose();
        _sin_TH.Dispose();
    }
}
