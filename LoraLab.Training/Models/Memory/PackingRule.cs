using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// The fixed rule behind <c>microBatch: auto</c> and <c>packTokens: null</c>: a whole window in one pass, unless its saved activations
/// are estimated to take more than a quarter of the memory; then as many tokens as fit into that quarter.
/// </summary>
public static class PackingRule
{
    private const double ShareOfMemory = 0.25;

    /// <summary>The limits of a pass.</summary>
    /// <param name="spec">The specification with the resolved precision.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="longest">Length of the longest training text, in tokens.</param>
    /// <param name="gpu">Whether the run uses a GPU.</param>
    /// <param name="memoryBytes">Memory of the device, or the budget if it is smaller; infinite if unknown.</param>
    public static PassLimits Resolve(RunSpec spec, LlamaConfig config, int longest, bool gpu, double memoryBytes)
    {
        // Only an explicit microBatch of 1 selects the reference path; auto with windows of one sentence is a packed pass of one.
        int sentences = spec.MicroBatch.Sentences ?? Math.Max(2, spec.EffectiveBatch);
        double fitting = Math.Max(1, ShareOfMemory * memoryBytes / BytesPerToken(spec, config, gpu));
        int? tokens = spec.PackTokens ?? (fitting < (double)sentences * longest ? (int)fitting : null);
        // Where the rotary frequencies depend on the length of the text, texts of different lengths have no rows in common.
        bool shared = spec.Dropout == 0 && config.Rope.Variant(longest) == 0;
        return new(sentences, tokens, shared, Bucketed: !gpu);
    }

    /// <summary>Bytes of activations that all blocks save per token, without padding.</summary>
    public static double BytesPerToken(RunSpec spec, LlamaConfig config, bool gpu)
    {
        BlocksMemory blocks = new(
            config.Block, MemoryRequest.AdaptersOf(spec, config), MemoryRequest.IsHalf(spec.Precision), gpu, spec.Dropout > 0);
        PassBytes saved = spec.Recompute == Recompute.Blocks ? blocks.Outputs : blocks.Saved;
        return saved.PerRow + saved.PerCell;
    }

    /// <summary>Whether the specification selects the reference path: one sentence per pass under plain autograd.</summary>
    public static bool UsesReferencePath(RunSpec spec) => spec.MicroBatch.Sentences == 1;
}
