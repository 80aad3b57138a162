using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// Counter-based dropout masks: a mask depends only on the run's seed, the step, the sentence, the module, the position and the column, so
/// that the gradient of a window does not depend on how it is split into passes, nor on the device. A row and a column have a key each, and
/// the device mixes them: only the keys of the rows are uploaded, once per pass.
/// </summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Step">Optimizer step, from 1.</param>
/// <param name="Rows">Dataset row of each sentence of the pass.</param>
/// <param name="Lengths">Number of tokens of each sentence of the pass.</param>
public sealed record DropoutMasks(long Seed, int Step, IReadOnlyList<int> Rows, IReadOnlyList<int> Lengths)
{
    /// <summary>
    /// Whether the masks are those of earlier versions, which a run that they began keeps to its end: each sentence is drawn by the CPU's
    /// generator and uploaded.
    /// </summary>
    public bool Earlier { get; init; }

    /// <summary>Inverted dropout masks, 0 or 1 / (1 − rate), [B, T, in]; 1 on padding.</summary>
    public Tensor Draw(string module, double rate, long paddedLength, long width, Device device)
    {
        int length = (int)paddedLength;
        if (Earlier)
        {
            return DrawEarlier(module, rate, length, width).to(device);
        }

        using Tensor keys_BT = Upload([.. Enumerable.Range(0, Rows.Count).SelectMany(i => KeysOf(i, length))], device)
            .view(Rows.Count, length);
        using Tensor columns_I = ColumnKeys(module, width, device);
        Tensor mask_BTI = Draw(keys_BT, columns_I, rate);
        for (int i = 0; i < Rows.Count; i++)
        {
            using Tensor mask_TI = mask_BTI[i];
            using Tensor padding_PI = mask_TI.narrow(0, Lengths[i], length - Lengths[i]);
            padding_PI.Fill(1);
        }

        return mask_BTI;
    }

    /// <summary>The masks of earlier versions for packed sentences, [ΣL, in].</summary>
    public Tensor PackedEarlier(string module, double rate, long width, Device device) =>
        cat([.. Enumerable.Range(0, Rows.Count).Select(i => EarlierSentence(i, module, rate, width))], dim: 0).to(device);

    /// <summary>Keys of the rows of packed sentences, int32 [ΣL].</summary>
    public Tensor RowKeys(Device device) =>
        Upload([.. Enumerable.Range(0, Rows.Count).SelectMany(i => KeysOf(i, Lengths[i]))], device);

    /// <summary>Keys of the columns of a module's input, int32 [in]: the same in all passes of all runs.</summary>
    public static Tensor ColumnKeys(string module, long width, Device device)
    {
        uint key = Low(StableSeed.From(0, module));
        return Upload([.. Enumerable.Range(0, (int)width).Select(column => Mix(key, column))], device);
    }

    /// <summary>The masks of a module, 0 or 1 / (1 − rate), [..., in].</summary>
    /// <param name="rowKeys">Keys of the rows.</param>
    /// <param name="columnKeys">Keys of the module's columns.</param>
    /// <param name="rate">Probability of a 0.</param>
    public static Tensor Draw(Tensor rowKeys, Tensor columnKeys, double rate) =>
        TorchScript.Tensor("dropout_mask", rowKeys, columnKeys, Threshold(rate), 1 / (1 - rate));

    // The keys of hashes below it are dropped: the fraction 'rate' of all 32-bit integers.
    private static long Threshold(double rate) => int.MinValue + Math.Min(uint.MaxValue, (long)Math.Round(rate * (1L << 32)));

    private Tensor DrawEarlier(string module, double rate, int length, long width)
    {
        Tensor mask_BTI = ones(Rows.Count, length, width, float32);
        for (int i = 0; i < Rows.Count; i++)
        {
            using Tensor mask_LI = EarlierSentence(i, module, rate, width);
            using Tensor mask_TI = mask_BTI[i];
            using Tensor unpadded_LI = mask_TI.narrow(0, 0, Lengths[i]);
            unpadded_LI.copy_(mask_LI);
        }

        return mask_BTI;
    }

    private Tensor EarlierSentence(int sentence, string module, double rate, long width)
    {
        using Generator generator = new((ulong)StableSeed.From(Seed, module, Step, Rows[sentence]), CPU);
        return rand(Lengths[sentence], width, dtype: float32, generator: generator)
            .IsAtLeast(rate).to(float32).TimesInPlace(1 / (1 - rate));
    }

    private IEnumerable<int> KeysOf(int sentence, int length)
    {
        uint key = Low(StableSeed.From(Seed, "dropout", Step, Rows[sentence]));
        return Enumerable.Range(0, length).Select(position => Mix(key, position));
    }

    private static uint Low(long seed) => unchecked((uint)seed);

    // The finalizer of MurmurHash3 of a Weyl sequence, as in SplitMix.
    private static int Mix(uint key, int counter)
    {
        unchecked
        {
            uint x = key + ((uint)(counter + 1) * 0x9E3779B9u);
            x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
            x = (x ^ (x >> 13)) * 0xC2B2AE35u;
            return (int)(x ^ (x >> 16));
        }
    }

    // Without waiting for the device, which would be a wait in every step.
    private static Tensor Upload(int[] keys, Device device) => tensor(keys).to(device, non_blocking: true);
}
