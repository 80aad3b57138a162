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
    // In the order of the backward pass. Its products compute input gradients, which are not needed below the lowest adapted layers.
    private static readonly string[][] _backwardOrder =
    [
        ["down_proj"],
        ["gate_proj", "up_proj"],
        ["o_proj"],
        ["q_proj", "k_proj", "v_proj"],
    ];

    // Layers that the last block of an evaluation computes for every row; the others are computed for the selected rows only.
    private static readonly string[] _allRows = ["k_proj", "v_proj"];

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
        long allRows = Products(config, name => _allRows.Contains(name));
        return ((((config.Layers - 1) * _block) + allRows) * rows) + ((_block - allRows + _head) * selected);
    }

    private long LowestBackward()
    {
        int lowest = Array.FindLastIndex(_backwardOrder, part => part.Any(targets.Contains));
        return Products(config, name => _backwardOrder.Take(lowest).Any(part => part.Contains(name)));
    }

    private static long Products(LlamaConfig config, Func<string, bool> counts) =>
        config.BlockLinears.Where(shape => counts(shape.Name)).Sum(shape => 2L * shape.Out * shape.In);
}
