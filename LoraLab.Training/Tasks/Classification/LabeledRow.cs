namespace LoraLab.Training.Tasks.Classification;

/// <summary>A row of a dataset; rows with the same texts are equal.</summary>
/// <param name="Row">Row in its file, from 0, without the header.</param>
/// <param name="Texts">Text of each text column of the dataset as in the file, trailing spaces included.</param>
/// <param name="Label">Index of the label word in the dataset's labels.</param>
public sealed record LabeledRow(int Row, IReadOnlyList<string> Texts, int Label)
{
    /// <summary>Creates a row of a dataset with one text column.</summary>
    public LabeledRow(int row, string text, int label)
        : this(row, [text], label)
    {
    }

    /// <inheritdoc />
    public bool Equals(LabeledRow? other) =>
        other is not null && Row == other.Row && Label == other.Label && Texts.SequenceEqual(other.Texts, StringComparer.Ordinal);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.Add(Row);
        hash.Add(Label);
        foreach (string text in Texts)
        {
            hash.Add(text, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }
}
