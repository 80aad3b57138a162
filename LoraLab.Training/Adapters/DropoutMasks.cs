using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// Counter-based dropout masks: a mask depends only on the run's seed, the step, the sentence, the module and the position, so that the
/// gradient of a window does not depend on how it is split into passes.
/// </summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Step">Optimizer step, from 1.</param>
/// <param name="Rows">Dataset row of each sentence of the pass.</param>
/// <param name="Lengths">Number of tokens of each sentence of the pass.</param>
public sealed record DropoutMasks(long Seed, int Step, IReadOnlyList<int> Rows, IReadOnlyList<int> Lengths)
{
    /// <summary>Inverted dropout masks, 0 or 1 / (1 − rate), [B, T, in]; 1 on padding.</summary>
    public Tensor Draw(string module, double rate, long paddedLength, long width, Device device)
    {
        Tensor mask_BTI = ones(Rows.Count, paddedLength, width, float32);
        for (int i = 0; i < Rows.Count; i++)
        {
            using Tensor mask_LI = OfSentence(i, module, rate, width);
            using Tensor mask_TI = mask_BTI[i];
            using Tensor unpadded_LI = mask_TI.narrow(0, 0, Lengths[i]);
            unpadded_LI.copy_(mask_LI);
        }

        return mask_BTI.to(device);
    }

    /// <summary>The same masks for packed sentences, [ΣL, in].</summary>
    public Tensor Packed(string module, double rate, long width, Device device) =>
        cat([.. Enumerable.Range(0, Rows.Count).Select(i => OfSentence(i, module, rate, width))], dim: 0).to(device);

    private Tensor OfSentence(int sentence, string module, double rate, long width)
    {
        using Generator generator = new((ulong)StableSeed.From(Seed, module, Step, Rows[sentence]), CPU);
        return rand(Lengths[sentence], width, dtype: float32, generator: generator)
            .IsAtLeast(rate).to(float32).TimesInPlace(1 / (1 - rate));
    }
}
