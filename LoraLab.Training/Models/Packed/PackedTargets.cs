using LoraLab.Training.Data;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Prediction targets of the rows of a training pass. A row of the shared prefix predicts for every sentence at once: the same
/// token, with the summed weight, inside the prefix, and each sentence's own token at the branch point, the prefix's last row.
/// </summary>
public sealed class PackedTargets
{
    private readonly SortedDictionary<int, SortedDictionary<int, double>> _weights = [];

    /// <summary>Rows that have targets, ascending.</summary>
    public IReadOnlyList<int> Rows => [.. _weights.Keys];

    /// <summary>For each of these rows, its target tokens and their weights in the loss of the window.</summary>
    public IReadOnlyList<IReadOnlyDictionary<int, double>> Targets => [.. _weights.Values];

    /// <summary>The targets of sentences whose inputs (all ids except the last) were packed in this order.</summary>
    /// <param name="examples">The sentences.</param>
    /// <param name="rows">Their packed inputs.</param>
    /// <param name="weight">Weight of each target token of a sentence.</param>
    public static PackedTargets Of(IReadOnlyList<TrainingExample> examples, PackedRows rows, Func<TrainingExample, double> weight)
    {
        PackedTargets targets = new();
        for (int s = 0; s < examples.Count; s++)
        {
            int[] ids = examples[s].Ids;
            double share = weight(examples[s]);
            foreach (int t in examples[s].TargetPositions)
            {
                targets.Add(rows.Row(s, t - 1), ids[t], share);
            }
        }

        return targets;
    }

    private void Add(int row, int id, double weight)
    {
        if (!_weights.TryGetValue(row, out SortedDictionary<int, double>? tokens))
        {
            _weights.Add(row, tokens = []);
        }

        tokens[id] = tokens.GetValueOrDefault(id) + weight;
    }
}
