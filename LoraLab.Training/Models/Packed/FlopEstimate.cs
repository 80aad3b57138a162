using LoraLab.Training.Torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// The closed form of what a <see cref="FlopLedger"/> counts: 2·rows·in·out for every product with a frozen weight that a pass
/// issues, for a model whose adapters are on the same linear layers of every block.
/// </summary>
/// <param name="config">Shape of the model.</param>
/// <param name="targets">Short names of the adapted layers, for example <c>q_proj</c>.</param>
public sealed class FlopEstimate(LlamaConfig config, IReadOnlyCollection<string> targets)
{
    // The order of the way back. A product there gives its layer's input a gradient, which nothing wants below the lowest adapters.
    private static readonly string[][] _back = [["down_proj"], ["gate_proj", "up_proj"], ["o_proj"], ["q_proj", "k_proj", "v_proj"]];

    // What the last block of an evaluation computes for every row; the rest of it only for wanted ones.
    private static readonly string[] _allRows = ["k_proj", "v_proj"];

    private readonly long _head = 2L * config.VocabularySize * config.HiddenSize;
    private readonly long _block = Products(config, _ => true);

    /// <summary>A forward pass over so many rows with the output head on some of them.</summary>
    public long Forward(long rows, long headRows) => (config.Layers * _block * rows) + (_head * headRows);

    /// <summary>A training pass, forward and backward, over so many rows, some of which predict something.</summary>
    public long Training(long rows, long targetRows) =>
        Forward(rows, targetRows) + (_head * targetRows) + ((((config.Layers - 1) * _block) + LowestBack()) * rows);

    /// <summary>An evaluation pass over so many rows, of which the output head is wanted for some.</summary>
    public long Evaluation(long rows, long wanted)
    {
        long everywhere = Products(config, name => _allRows.Contains(name));
        return ((((config.Layers - 1) * _block) + everywhere) * rows) + ((_block - everywhere + _head) * wanted);
    }

    private long LowestBack()
    {
        int lowest = Array.FindLastIndex(_back, part => part.Any(targets.Contains));
        return Products(config, name => _back.Take(lowest).Any(part => part.Contains(name)));
    }

    private static long Products(LlamaConfig config, Func<string, bool> counts) =>
        config.BlockLinears.Where(shape => counts(shape.Name)).Sum(shape => 2L * shape.Out * shape.In);
}
