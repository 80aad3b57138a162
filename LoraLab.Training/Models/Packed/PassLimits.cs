using LoraLab.Training.Data;

namespace LoraLab.Training.Models.Packed;

/// <summary>How much of a window goes into one pass. The gradient does not depend on it.</summary>
/// <param name="Sentences">Sentences at most.</param>
/// <param name="Tokens">Rows at most; a longer sentence has a pass of its own. Null: no limit.</param>
/// <param name="SharePrefix">Pack what the sentences of a pass begin with once; off with dropout, whose masks differ between sentences.</param>
/// <param name="Banded">Attention pads sentences to those of like length instead of to the longest: better on a CPU, more launches on a GPU.</param>
public sealed record PassLimits(int Sentences, int? Tokens, bool SharePrefix, bool Banded = true)
{
    /// <summary>
    /// The passes of a window. Sentences of like length share a pass: a window's gradient is a sum, so their order does not matter,
    /// and attention pads to the longest.
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
