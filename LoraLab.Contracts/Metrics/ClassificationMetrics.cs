namespace LoraLab.Contracts.Metrics;

/// <summary>Metrics of the predictions of labels, as scikit-learn defines them.</summary>
public sealed record ClassificationMetrics
{
    /// <summary>Index of the label whose F1 score is <see cref="MetricKeys.EvalF1"/> where there are two labels.</summary>
    public const int PositiveLabel = 1;

    private ClassificationMetrics(int[][] confusion)
    {
        Confusion = confusion;
        int[] predicted = new int[confusion.Length];
        foreach (int[] row in confusion)
        {
            for (int label = 0; label < row.Length; label++)
            {
                predicted[label] += row[label];
            }
        }

        Labels = [.. confusion.Select((row, label) => new LabelMetrics(row.Sum(), predicted[label], row[label]))];
        Rows = Labels.Sum(label => label.Rows);
        Correct = Labels.Sum(label => label.Correct);
    }

    /// <summary>How each metric is computed, by its key; <see cref="MetricKeys.EvalF1"/> only where there are two labels.</summary>
    public static IReadOnlyDictionary<string, Func<ClassificationMetrics, double>> Measures { get; } =
        new Dictionary<string, Func<ClassificationMetrics, double>>
        {
            [MetricKeys.EvalAccuracy] = metrics => metrics.Accuracy,
            [MetricKeys.EvalMacroF1] = metrics => metrics.MacroF1,
            [MetricKeys.EvalWeightedF1] = metrics => metrics.WeightedF1,
            [MetricKeys.EvalF1] = metrics => metrics.Labels[PositiveLabel].F1,
            [MetricKeys.EvalMcc] = metrics => metrics.Mcc,
        };

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Correctly predicted rows.</summary>
    public int Correct { get; }

    /// <summary>Numbers of rows: of each true label, a list over the predicted labels.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Confusion { get; }

    /// <summary>Metrics of each label, in label order.</summary>
    public IReadOnlyList<LabelMetrics> Labels { get; }

    /// <summary>Fraction of correctly predicted rows.</summary>
    public double Accuracy => (double)Correct / Rows;

    /// <summary>Accuracy of always predicting the most frequent label.</summary>
    public double MajorityBaseline => (double)Labels.Max(label => label.Rows) / Rows;

    /// <summary>
    /// Unweighted mean of the F1 scores of the labels that are true or predicted in some row, as <c>f1_score(average="macro")</c> of
    /// scikit-learn with its default labels; a label that is only one of the two has F1 0.
    /// </summary>
    public double MacroF1 => Labels.Sum(label => label.F1) / Labels.Count(label => label.Rows + label.Predicted > 0);

    /// <summary>Mean of the F1 scores, weighted by the rows of each label, as <c>f1_score(average="weighted")</c>.</summary>
    public double WeightedF1 => Labels.Sum(label => label.F1 * label.Rows) / Rows;

    /// <summary>
    /// Matthews correlation, for more than two labels R_K, as <c>matthews_corrcoef</c>; 0 where it is undefined, because all rows have one
    /// label or all are predicted as one.
    /// </summary>
    public double Mcc
    {
        get
        {
            double rows = Rows;
            double both = (Correct * rows) - Labels.Sum(label => (double)label.Rows * label.Predicted);
            double predicted = (rows * rows) - Labels.Sum(label => (double)label.Predicted * label.Predicted);
            double actual = (rows * rows) - Labels.Sum(label => (double)label.Rows * label.Rows);
            double product = predicted * actual;
            return product == 0 ? 0 : both / Math.Sqrt(product);
        }
    }

    /// <summary>Computes the metrics of at least one pair of true and predicted label.</summary>
    /// <param name="pairs">The pairs, as indices.</param>
    /// <param name="labels">Number of labels.</param>
    public static ClassificationMetrics Of(IEnumerable<(int Label, int Predicted)> pairs, int labels) =>
        Of(pairs.Select(pair => (pair.Label, pair.Predicted, 1)), labels);

    /// <summary>Computes the metrics of pairs that each occur several times, at least one of them once.</summary>
    /// <param name="pairs">The pairs, as indices, with how often each occurs.</param>
    /// <param name="labels">Number of labels.</param>
    public static ClassificationMetrics Of(IEnumerable<(int Label, int Predicted, int Times)> pairs, int labels)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        int[][] confusion = [.. Enumerable.Range(0, labels).Select(_ => new int[labels])];
        foreach ((int label, int predicted, int times) in pairs)
        {
            confusion[label][predicted] += times;
        }

        return new(confusion);
    }
}
