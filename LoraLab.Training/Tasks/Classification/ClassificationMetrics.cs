namespace LoraLab.Training.Tasks.Classification;

/// <summary>Accuracy and macro-F1 of a set of predictions.</summary>
/// <param name="Rows">Number of rows.</param>
/// <param name="Correct">Correctly predicted rows.</param>
/// <param name="MacroF1">
/// Unweighted mean of the F1 scores of the classes that are true or predicted in some row, as <c>f1_score(average="macro")</c> of
/// scikit-learn with its default labels; a class that is only one of the two has F1 0.
/// </param>
/// <param name="MajorityBaseline">Accuracy of always predicting the most frequent label.</param>
public sealed record ClassificationMetrics(int Rows, int Correct, double MacroF1, double MajorityBaseline)
{
    /// <summary>Fraction of correctly predicted rows.</summary>
    public double Accuracy => (double)Correct / Rows;

    /// <summary>Computes the metrics of at least one pair of true and predicted label.</summary>
    public static ClassificationMetrics Of(IReadOnlyCollection<(int Label, int Predicted)> pairs, int labels)
    {
        int[,] confusion = new int[labels, labels];
        foreach ((int label, int predicted) in pairs)
        {
            confusion[label, predicted]++;
        }

        int correct = 0;
        int majority = 0;
        int classes = 0;
        double f1Sum = 0;
        for (int c = 0; c < labels; c++)
        {
            int actual = Enumerable.Range(0, labels).Sum(other => confusion[c, other]);
            int predicted = Enumerable.Range(0, labels).Sum(other => confusion[other, c]);
            correct += confusion[c, c];
            majority = Math.Max(majority, actual);
            classes += actual + predicted > 0 ? 1 : 0;
            f1Sum += confusion[c, c] == 0 ? 0 : 2.0 * confusion[c, c] / (actual + predicted);
        }

        return new(pairs.Count, correct, f1Sum / classes, (double)majority / pairs.Count);
    }
}
