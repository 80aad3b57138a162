using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// The fixed rule behind <c>microBatch: auto</c> and <c>packTokens: null</c>: a whole window in one pass, unless what it keeps for
/// the way back takes more than a quarter of the memory by the estimate; then as many tokens as that holds.
/// </summary>
public static class PackingRule
{
    private const double ShareOfMemory = 0.25;

    /// <summary>How much goes into one pass.</summary>
    /// <param name="spec">What the specification says, with the precision that is used.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="longest">Tokens of the longest training text.</param>
    /// <param name="gpu">On a GPU.</param>
    /// <param name="memoryBytes">Memory of the device, or the budget where it is smaller.</param>
    public static PassLimits Resolve(RunSpec spec, LlamaConfig config, int longest, bool gpu, double memoryBytes)
    {
        // The literal loop is asked for by its number alone; auto for windows of one sentence is a packed pass of one.
        int sentences = spec.MicroBatch.Sentences ?? Math.Max(2, spec.EffectiveBatch);
        double held = Math.Max(1, ShareOfMemory * memoryBytes / BytesPerToken(spec, config, gpu));
        int? tokens = spec.PackTokens ?? (held < (double)sentences * longest ? (int)held : null);
        return new(sentences, tokens, SharePrefix: spec.Dropout == 0, Banded: !gpu);
    }

    /// <summary>What all blocks keep of a token that is not padded.</summary>
    public static double BytesPerToken(RunSpec spec, LlamaConfig config, bool gpu)
    {
        PassBytes kept = new BlockMemory(config, MemoryRequest.AdaptersOf(spec, config), spec.Rank, MemoryRequest.IsHalf(spec.Precision), gpu, spec.Dropout > 0).Kept;
        return config.Layers * (kept.PerRow + kept.PerCell);
    }

    /// <summary>Whether the literal loop was asked for: one sentence a pass, under plain autograd.</summary>
    public static bool IsLiteral(RunSpec spec) => spec.MicroBatch.Sentences == 1;
}
