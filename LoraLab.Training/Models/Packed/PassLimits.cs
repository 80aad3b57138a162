using LoraLab.Training.Data;

namespace LoraLab.Training.Models.Packed;

/// <summary>How a window is split into passes (micro-batches). The gradient does not depend on it.</summary>
/// <param name="Sentences">Maximum number of sentences.</param>
/// <param name="Tokens">Maximum number of rows; a longer sentence gets a pass of its own. Null: no limit.</param>
/// <param name="SharePrefix">Pack the common prefix of the sentences once; off with dropout, whose masks differ between sentences.</param>
/// <param name="Bucketed">Attention pads within length buckets instead of to the longest: better on a CPU, more launches on a GPU.</param>
public sealed record PassLimits(int Sentences, int? Tokens, bool SharePrefix, bool Bucketed = true)
{
    /// <summary>
    /// Splits a window into passes. Sentences of similar length share a pass: the gradient of a window is a sum, so their order does not
    /// matter, and attention pads to the longest.
    /// </summary>
    public IEnumerable<IReadOnlyList<TrainingExample>> Split(IReadOnlyList<TrainingExample> window)
    {
        List<TrainingExample> pass = [];
        foreach (TrainingExample example in window.OrderBy(example => example.Ids.Length))
        {
            if (pass.Count == Sentences || (pass.Count > 0 && Rows([.. pass, example]) > (Tokens ?? int.MaxValue)))
            {
                yield return pass;
                pass = [];
            }

            pass.Add(example);
        }

        yield return pass;
    }

    private int Rows(IReadOnlyList<TrainingExample> examples)
    {
        int shared = SharePrefix ? PackedRows.CommonPrefix([.. examples.Select(example => example.Ids[..^1])]) : 0;
        return shared + examples.Sum(example => example.Ids.Length - 1 - shared);
    }
}
