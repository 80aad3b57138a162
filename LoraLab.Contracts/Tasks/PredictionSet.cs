namespace LoraLab.Contracts.Tasks;

/// <summary>Predictions of an evaluation.</summary>
/// <param name="Step">Step of the evaluation.</param>
/// <param name="Labels">Labels in label order; empty: the task has none.</param>
/// <param name="Items">One per row, of those requested.</param>
public sealed record PredictionSet(int Step, IReadOnlyList<string> Labels, IReadOnlyList<Prediction> Items)
{
    /// <summary>Scores and losses that are NaN or infinite; they are null in <c>items</c>.</summary>
    public IReadOnlyList<NonFiniteScore> NonFinite { get; init; } = [];

    /// <summary>
    /// Whether the texts beside the predictions are not those of the run's fingerprint; none is shown then, and none is searched.
    /// </summary>
    public bool DataChanged { get; init; }

    /// <summary>Rows of the evaluation.</summary>
    public int Rows { get; init; }

    /// <summary>Rows of the evaluation that match the filters; <c>items</c> has those from <c>offset</c> on, up to <c>limit</c>.</summary>
    public int Total { get; init; }

    /// <summary>
    /// Rows by true label and predicted label, whatever the filters; null: the task has no labels, or <c>offset</c> is not 0.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>>? Confusion { get; init; }

    /// <summary>Reads a table of predictions; lines with another number of cells than the headings are left out.</summary>
    /// <param name="step">Step of the evaluation.</param>
    /// <param name="lines">Headings, then one line per row.</param>
    /// <param name="rows">The evaluation rows in the same order; null: not recorded.</param>
    /// <exception cref="FormatException">A cell is not a number.</exception>
    /// <exception cref="OverflowException">A number is out of range.</exception>
    public static PredictionSet FromTable(int step, IEnumerable<IReadOnlyList<string>> lines, IEnumerable<EvaluationRow>? rows = null)
    {
        ArgumentNullException.ThrowIfNull(lines);
        PredictionColumns? columns = null;
        List<Prediction> items = [];
        using IEnumerator<EvaluationRow>? texts = rows?.GetEnumerator();
        foreach (IReadOnlyList<string> cells in lines)
        {
            if (columns is null)
            {
                columns = new PredictionColumns(cells);
            }
            else if (columns.Read(cells) is Prediction item)
            {
                items.Add(item.With(texts?.MoveNext() == true ? texts.Current : null));
            }
        }

        return new PredictionSet(step, columns?.Labels ?? [], items)
        {
            NonFinite = columns?.NonFinite ?? [],
            Rows = items.Count,
            Total = items.Count,
            Confusion = columns?.Confusion,
        };
    }
}
