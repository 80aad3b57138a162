using LoraLab.Contracts;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>Warnings about the chosen rows of a run: labels that do not occur, and rows that are in both splits.</summary>
internal static class RowWarnings
{
    /// <summary>Returns a warning per finding.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="training">Training rows.</param>
    /// <param name="evaluation">Evaluation rows.</param>
    /// <param name="evaluationSource">Where the evaluation rows were read; null: unknown.</param>
    public static IEnumerable<string> Of(
        ClassificationDataset dataset,
        IReadOnlyList<LabeledRow> training,
        IReadOnlyList<LabeledRow> evaluation,
        SplitSource? evaluationSource)
    {
        // Fewer rows than labels are no training set: evaluate chooses one row and does not train.
        bool trains = training.Count >= dataset.Labels.Count;
        if (trains && Missing(dataset, training) is string untrained)
        {
            yield return $"Of {NumberFormat.Count(training.Count)} training rows, none has {untrained}, so the run cannot learn it; "
                + $"choose more rows, another dataSeed or another file.{Untrained(dataset, training, evaluation, evaluationSource)}";
        }

        if (Missing(dataset, evaluation) is string unseen)
        {
            yield return $"Of {NumberFormat.Count(evaluation.Count, "evaluation row")}, none has {unseen}; macro-F1 leaves out labels that "
                + "are neither true nor predicted.";
        }

        // Of the few evaluated texts, those that are trained, not the other way around: there may be millions of training rows.
        HashSet<string> evaluated = [.. evaluation.Select(Text)];
        HashSet<string> trained = [.. training.Select(Text).Where(evaluated.Contains)];
        LabeledRow[] shared = [.. evaluation.Where(row => trained.Contains(Text(row)))];
        if (trains && shared.Length > 0)
        {
            yield return $"{NumberFormat.Count(shared.Length)} of {NumberFormat.Count(evaluation.Count)} evaluation rows have the same "
                + "text as a training row, so the evaluation overstates what the run learns: "
                + $"{SplitSource.Places(evaluationSource, [.. shared.Select(row => row.Row)])}.";
        }
    }

    /// <summary>Returns what is wrong if a label can never score highest: a score is the sum over the label's tokens.</summary>
    /// <param name="labels">Label words.</param>
    /// <param name="ids">Tokens that each adds to a prompt.</param>
    public static IEnumerable<string> OfLabels(IReadOnlyList<string> labels, IReadOnlyList<int[]> ids)
    {
        string[] hidden =
        [
            .. from longer in Enumerable.Range(0, labels.Count)
               from shorter in Enumerable.Range(0, labels.Count)
               where longer != shorter && ids[longer].AsSpan().StartsWith(ids[shorter])
               select $"'{labels[longer]}' with '{labels[shorter]}'",
        ];
        if (hidden.Length > 0)
        {
            yield return "The tokens of a label begin with all tokens of another, which therefore always scores at least as high: "
                + $"{Excerpt.Of(hidden)}; use label words of which none is the beginning of another.";
        }
    }

    /// <summary>All texts of a row; no text of a file contains the separator.</summary>
    private static string Text(LabeledRow row) => string.Join('\0', row.Texts.Select(text => text.Trim()));

    /// <summary>Says which evaluation rows have a label that no training row has.</summary>
    private static string? Untrained(
        ClassificationDataset dataset,
        IReadOnlyList<LabeledRow> training,
        IReadOnlyList<LabeledRow> evaluation,
        SplitSource? evaluationSource)
    {
        HashSet<int> trained = [.. training.Select(row => row.Label)];
        LabeledRow[] rows = [.. evaluation.Where(row => !trained.Contains(row.Label))];
        return rows.Length == 0
            ? null
            : $" Of the evaluation rows, {NumberFormat.Count(rows.Length)} {(rows.Length == 1 ? "has" : "have")} a label that is not "
                + $"trained, the first '{Excerpt.Of(dataset.Labels[rows[0].Label])}': "
                + $"{SplitSource.Places(evaluationSource, [.. rows.Select(row => row.Row)])}.";
    }

    private static string? Missing(ClassificationDataset dataset, IReadOnlyList<LabeledRow> rows)
    {
        string[] missing = [.. dataset.Count(rows).Where(label => label.Value == 0).Select(label => $"'{label.Key}'")];
        return missing.Length switch
        {
            0 => null,
            1 => $"the label {missing[0]}",
            _ => $"one of the labels {Excerpt.Of(missing)}",
        };
    }
}
