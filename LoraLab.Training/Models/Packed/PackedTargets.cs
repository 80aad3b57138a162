using LoraLab.Training.Data;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// What the rows of a training pass have to predict. A row of the shared prefix predicts for every sentence at once: the same
/// token with their summed weight inside the prefix, and a token of each sentence's own at the branch point, its last row.
/// </summary>
public sealed class PackedTargets
{
    private readonly SortedDictionary<int, SortedDictionary<int, double>> _weights = [];

    /// <summary>Rows that predict something, ascending.</summary>
    public IReadOnlyList<int> Rows => [.. _weights.Keys];

    /// <summary>For each of them the tokens to predict and their weights in the window's loss.</summary>
    public IReadOnlyList<IReadOnlyDictionary<int, double>> Targets => [.. _weights.Values];

    /// <summary>The targets of sentences whose inputs (all ids but the last) were packed in this order.</summary>
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
            for (int t = examples[s].FirstTarget; t < ids.Length; t++)
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
