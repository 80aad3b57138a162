using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Closed form of the count of a <see cref="FlopLedger"/>: 2·rows·in·out for every product with a frozen weight that a pass
/// issues, for a model with adapters on the same linear layers of every block.
/// </summary>
/// <param name="config">Shape of the model.</param>
/// <param name="targets">Short names of the adapted layers, for example <c>q_proj</c>.</param>
public sealed class FlopEstimate(LlamaConfig config, IReadOnlyCollection<string> targets)
{
    private readonly long _head = 2L * config.VocabularySize * config.HiddenSize;
    private readonly long _block = Products(config, _ => true);

    /// <summary>
    /// FLOPs of a forward pass over <paramref name="rows"/> rows with the output head on <paramref name="headRows"/> of them.
    /// </summary>
    public long Forward(long rows, long headRows) => (config.Layers * _block * rows) + (_head * headRows);

    /// <summary>
    /// FLOPs of a forward and backward pass over <paramref name="rows"/> rows, <paramref name="targetRows"/> of which have targets.
    /// </summary>
    public long Training(long rows, long targetRows) =>
        Forward(rows, targetRows) + (_head * targetRows) + ((((config.Layers - 1) * _block) + LowestBackward()) * rows);

    /// <summary>
    /// FLOPs of an evaluation pass over <paramref name="rows"/> rows with the output head on <paramref name="selected"/> of them.
    /// </summary>
    public long Evaluation(long rows, long selected)
    {
        // The last block computes the other layers for the selected rows only.
        long everyRow = Products(config, linear => linear.EveryRow);
        return ((((config.Layers - 1) * _block) + everyRow) * rows) + ((_block - everyRow + _head) * selected);
    }

    // The products of the backward pass compute input gradients, which are not needed below the lowest adapted layers.
    private long LowestBackward()
    {
        LinearGroup? lowest = config.Block.Lowest(linear => targets.Contains(linear.Name));
        return Products(config, linear => linear.Group > lowest);
    }

    private static long Products(LlamaConfig config, Func<BlockLinear, bool> counts) =>
        config.Block.Linears.Where(counts).Sum(linear => 2L * linear.Out * linear.In);
}
