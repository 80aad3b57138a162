namespace LoraLab.Training.Training.Evaluation;

/// <summary>Accuracy and macro-F1 of predicted against true labels.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Correct">Rows right.</param>
/// <param name="MacroF1">Unweighted mean of the class F1 scores; a class that is never predicted has F1 0.</param>
/// <param name="MajorityBaseline">Share of the most frequent true label.</param>
public sealed record ClassificationMetrics(int Rows, int Correct, double MacroF1, double MajorityBaseline)
{
    /// <summary>Share of rows right.</summary>
    public double Accuracy => (double)Correct / Rows;

    /// <summary>Counts over pairs of true and predicted label; at least one pair.</summary>
    public static ClassificationMetrics Of(IReadOnlyCollection<(int Label, int Predicted)> pairs, int labels)
    {
        int[,] confusion = new int[labels, labels];
        foreach ((int label, int predicted) in pairs)
        {
            confusion[label, predicted]++;
        }

        int correct = 0;
        int majority = 0;
        double f1Sum = 0;
        for (int c = 0; c < labels; c++)
        {
            int actual = Enumerable.Range(0, labels).Sum(other => confusion[c, other]);
            int predicted = Enumerable.Range(0, labels).Sum(other => confusion[other, c]);
            correct += confusion[c, c];
            majority = Math.Max(majority, actual);
            f1Sum += confusion[c, c] == 0 ? 0 : 2.0 * confusion[c, c] / (actual + predicted);
        }

        return new(pairs.Count, correct, f1Sum / labels, (double)majority / pairs.Count);
    }
}
