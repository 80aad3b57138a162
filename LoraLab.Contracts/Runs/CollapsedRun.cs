using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// Recognizes a run whose last evaluation predicted one label for every row: it has learned nothing, however high its accuracy.
/// </summary>
public static class CollapsedRun
{
    private const double Tolerance = 1e-9;

    /// <summary>
    /// The label that every row was predicted as, several joined by "or" if they are equally frequent; null: it did not collapse, or that
    /// is unknown.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <remarks>
    /// Follows from counts: if all n rows are predicted as a label of which there are c, then c are correct, and of k labels only this one
    /// has an F1 score, 2c / (n + c), so that the macro-F1 is its k-th part. Of two labels, other predictions with as many correct ones
    /// have a higher macro-F1, unless they miss every row of the label.
    /// </remarks>
    public static string? LabelOf(RunDocument run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Summary is not { Correct: int correct, EvalRows: int rows }
            || run.Summary[MetricKeys.EvalMacroF1]?.Last is not double macroF1
            || run.Attempts.LastOrDefault()?.Environment?.EvalLabels is not { Count: > 1 } labels
            || labels.Values.Sum() != rows)
        {
            return null;
        }

        double expected = 2.0 * correct / (rows + correct) / labels.Count;
        List<string> candidates = [.. labels.Where(label => label.Value == correct).Select(label => label.Key)];
        return candidates.Count > 0 && Math.Abs(macroF1 - expected) < Tolerance ? string.Join(" or ", candidates) : null;
    }
}
