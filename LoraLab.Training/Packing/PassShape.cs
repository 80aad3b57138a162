namespace LoraLab.Training.Packing;

/// <summary>What the memory of a packed pass depends on.</summary>
/// <param name="Rows">T: tokens, those of a shared prefix once.</param>
/// <param name="Sequences">S: sentences.</param>
/// <param name="Length">L: tokens of the longest; attention pads to S × L slots.</param>
/// <param name="HeadRows">Rows of the output head's products.</param>
public sealed record PassShape(int Rows, int Sequences, int Length, int HeadRows)
{
    /// <summary>S × L: slots that attention pads to.</summary>
    public long Slots => (long)Sequences * Length;

    /// <summary>The shape of a layout.</summary>
    public static PassShape Of(PassLayout layout, int headRows) => new(layout.Rows, layout.Sequences, layout.Length, headRows);

    /// <summary>The largest that a pass can be where only lengths are known: every sentence as long as the longest, every row a target.</summary>
    /// <param name="sentences">Sentences of the pass.</param>
    /// <param name="longest">Tokens of the longest text, its last one, which is a target only, included.</param>
    /// <param name="prefix">Tokens that all begin with, packed once.</param>
    public static PassShape Largest(int sentences, int longest, int prefix)
    {
        int rows = prefix + (sentences * (longest - 1 - prefix));
        return new(rows, sentences, longest - 1, rows);
    }
}
