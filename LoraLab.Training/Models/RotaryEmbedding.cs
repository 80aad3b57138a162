using System.Numerics;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models;

/// <summary>
/// Rotary position embedding (Su et al. 2021) in the rotate-half form of Hugging Face:
/// frequencies θ^(−2i/H), possibly scaled, angle = position × frequency, applied to the two halves of a head.
/// </summary>
public sealed class RotaryEmbedding : IDisposable
{
    private const int FirstLength = 512;
    private readonly int _headSize;
    private readonly RopeSettings _settings;
    private readonly ScalarType _dtype;
    private readonly Device _device;
    private Tensor? _cos_TH, _sin_TH;

    /// <summary>Frequencies of a head; angles in fp32, or float64 for a float64 model, regardless of the weights' precision.</summary>
    public RotaryEmbedding(int headSize, RopeSettings settings, ScalarType dtype, Device device) =>
        (_headSize, _settings, _dtype, _device) = (headSize, settings, dtype, device);

    /// <summary>
    /// Cosines and sines of the rows of several texts, [T, 1, H] where H is half a head. The current dispose scope owns them.
    /// </summary>
    /// <param name="positions_T">Position of each row in its text.</param>
    /// <param name="length">Number above every position.</param>
    /// <param name="textLengths">For each row, the tokens of its whole text, the last one included.</param>
    public (Tensor Cos_T1H, Tensor Sin_T1H) At(Tensor positions_T, int length, IReadOnlyList<int> textLengths)
    {
        int[] variants = _settings.DependsOnLength ? [.. textLengths.Select(_settings.Variant)] : [];
        if (Array.TrueForAll(variants, variant => variant == 0))
        {
            (Tensor cosines_TH, Tensor sines_TH) = Tables(length);
            return (cosines_TH.index_select(0, positions_T).unsqueeze(1), sines_TH.index_select(0, positions_T).unsqueeze(1));
        }

        int[] distinct = [.. variants.Distinct()];
        Tensor frequencies_FH = stack(distinct.Select(variant => tensor(_settings.Frequencies(_headSize, variant))));
        Tensor rows = tensor([.. variants.Select(variant => (long)Array.IndexOf(distinct, variant))]);
        Tensor angles_TH = frequencies_FH.index_select(0, rows).mul(positions_T.cpu().to(float64).unsqueeze(1));
        return (Values(angles_TH.cos()).unsqueeze(1), Values(angles_TH.sin()).unsqueeze(1));
    }

    /// <summary>Cosines and sines of one text from its first token, [T, H]; the current dispose scope owns them.</summary>
    /// <param name="length">T.</param>
    /// <param name="textLength">Tokens of the whole text, the last one included.</param>
    public (Tensor Cos_TH, Tensor Sin_TH) OfText(int length, int textLength)
    {
        int variant = _settings.Variant(textLength);
        (Tensor cos_TH, Tensor sin_TH) = variant == 0 ? Tables(length) : Compute(length, variant);
        return (cos_TH.narrow(0, 0, length), sin_TH.narrow(0, 0, length));
    }

    /// <summary>Which frequencies a text has: the keys of a text stay valid while it grows and this stays the same.</summary>
    /// <param name="textLength">Tokens of the whole text, the last one included.</param>
    public int Variant(int textLength) => _settings.Variant(textLength);

    /// <summary>
    /// Rotates queries or keys [B, heads, T, 2H] by angles that broadcast to [B, heads, T, H]; computed in their precision, returned in
    /// that of the input.
    /// </summary>
    public static Tensor Rotate(Tensor x_BNTH, Tensor cos, Tensor sin)
    {
        Tensor[] halves = x_BNTH.to(cos.dtype).chunk(2, dim: -1);
        (Tensor a, Tensor b) = (halves[0], halves[1]);
        return cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).Plus(a.mul(sin))], dim: -1).to(x_BNTH.dtype);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _cos_TH?.Dispose();
        _sin_TH?.Dispose();
    }

    /// <summary>
    /// Tables of variant 0 for at least a number of positions: those of a context of 131,072 would take more memory than most texts need.
    /// </summary>
    private (Tensor Cos_TH, Tensor Sin_TH) Tables(int length)
    {
        if (_cos_TH is null || _sin_TH is null || _cos_TH.shape[0] < length)
        {
            int rows = Math.Max(FirstLength, (int)BitOperations.RoundUpToPowerOf2((uint)length));
            // A tensor that is made in inference mode cannot take part in training later.
            using IDisposable trainable = inference_mode(false);
            using IDisposable scope = NewDisposeScope();
            (Tensor cos_TH, Tensor sin_TH) = Compute(rows, variant: 0);
            Dispose();
            (_cos_TH, _sin_TH) = (cos_TH.DetachFromDisposeScope(), sin_TH.DetachFromDisposeScope());
        }

        return (_cos_TH, _sin_TH);
    }

    // Angles are computed in float64: position × frequency loses digits in fp32 at large positions.
    private (Tensor Cos_TH, Tensor Sin_TH) Compute(int length, int variant)
    {
        Tensor positions_T = tensor(Enumerable.Range(0, length).Select(position => (double)position).ToArray());
        Tensor angles_TH = outer(positions_T, tensor(_settings.Frequencies(_headSize, variant)));
        return (Values(angles_TH.cos()), Values(angles_TH.sin()));
    }

    private Tensor Values(Tensor values) =>
        (_settings.AttentionFactor == 1 ? values : values.Times(_settings.AttentionFactor)).to(_dtype).to(_device);
}
