using LoraLab.Contracts.Runs;
using LoraLab.Training.Model;

namespace LoraLab.Training.Engine;

/// <summary>
/// The fixed rule behind <c>microBatch: auto</c>: as many sentences of the longest length as fit a quarter of the memory by an
/// estimate of the activations kept for the backward pass; at least one, at most the whole window.
/// </summary>
public static class MicroBatchRule
{
    private const double ShareOfMemory = 0.25;

    /// <summary>Sentences per forward pass.</summary>
    /// <param name="asked">What the specification says.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="window">Sentences per optimizer step.</param>
    /// <param name="longest">Tokens of the longest training text.</param>
    /// <param name="bytesPerValue">Bytes of one activation.</param>
    /// <param name="memoryBytes">Memory of the device, or the budget where it is smaller.</param>
    public static int Resolve(MicroBatch asked, LlamaConfig config, int window, int longest, int bytesPerValue, double memoryBytes)
    {
        if (asked.Sentences is int sentences)
        {
            return Math.Min(sentences, window);
        }

        double perToken = (double)bytesPerValue * config.Layers * config.ActivationsPerToken
            + (2.0 * sizeof(float) * config.VocabularySize);
        return (int)Math.Clamp(ShareOfMemory * memoryBytes / (perToken * longest), 1, window);
    }
}
