using static TorchSharp.torch;

namespace LoraLab.Training.Model;

/// <summary>
/// Rotary position embedding in the rotate-half form of the Hugging Face layout (Su et al. 2021):
/// frequencies θ^(−2i/H), angle = position × frequency, halves of a head rotated against each other.
/// </summary>
public sealed class RotaryEmbedding : IDisposable
{
    private readonly Tensor _cos_TH;
    private readonly Tensor _sin_TH;

    /// <summary>Tables for every position of the context.</summary>
    public RotaryEmbedding(int headSize, int contextLength, double theta, ScalarType dtype, Device device)
    {
        using IDisposable scope = NewDisposeScope();
        // The angles are formed in float64: position × frequency loses digits in fp32 far from 0.
        Tensor frequency = pow(tensor(theta, float64), arange(0, headSize, 2, float64).mul(-1.0 / headSize));
        Tensor angle = outer(arange(0, contextLength, float64), frequency);
        Tensor both = cat([angle, angle], dim: -1);
        _cos_TH = both.cos().to(dtype).to(device).DetachFromDisposeScope();
        _sin_TH = both.sin().to(dtype).to(device).DetachFromDisposeScope();
    }

    /// <summary>Rotates queries or keys [B, heads, T, H] at positions 0..T−1.</summary>
    public Tensor Rotate(Tensor x_BNTH)
    {
        long length = x_BNTH.shape[2];
        Tensor[] halves = x_BNTH.chunk(2, dim: -1);
        Tensor turned_BNTH = cat([halves[1].neg(), halves[0]], dim: -1);
        return x_BNTH.mul(_cos_TH.narrow(0, 0, length)).add(turned_BNTH.mul(_sin_TH.narrow(0, 0, length)));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _cos_TH.Dispose();
        _sin_TH.Dispose();
    }
}
