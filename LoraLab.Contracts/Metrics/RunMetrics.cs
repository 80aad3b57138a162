using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Metrics;

/// <summary>Metric series of a run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Series">Series by key.</param>
public sealed record RunMetrics(string RunId, IReadOnlyDictionary<string, MetricSeries> Series)
{
    /// <summary>
    /// On the live channel: points sent earlier for steps beyond this one belong to a previous attempt and are superseded; null: none.
    /// </summary>
    public int? SupersededAfter { get; init; }
}

/// <summary>A metric over the steps of a run, as columns.</summary>
public sealed record MetricSeries
{
    /// <summary>Steps.</summary>
    public IReadOnlyList<int> X { get; init; } = [];

    /// <summary>Values; null where not finite, see <c>nonFinite</c>.</summary>
    public IReadOnlyList<double?> Y { get; init; } = [];

    /// <summary>Points with a NaN or infinite value.</summary>
    public IReadOnlyList<NonFinitePoint> NonFinite { get; init; } = [];
}

/// <summary>A value that a JSON number cannot represent.</summary>
/// <param name="Index">Index in the series.</param>
/// <param name="Step">Step.</param>
/// <param name="Value"><c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</param>
public sealed record NonFinitePoint(
    [property: JsonPropertyName("i")] int Index,
    [property: JsonPropertyName("x")] int Step,
    [property: JsonPropertyName("v"), AllowedValues("NaN", "Infinity", "-Infinity")] string Value);

/// <summary>Predictions of an evaluation.</summary>
/// <param name="Step">Step of the evaluation.</param>
/// <param name="Labels">Labels in label order.</param>
/// <param name="Items">One per row.</param>
public sealed record PredictionSet(int Step, IReadOnlyList<string> Labels, IReadOnlyList<Prediction> Items)
{
    private const int FixedColumns = 3;

    /// <summary>Scores that are NaN or infinite; they are null in <c>items</c>.</summary>
    public IReadOnlyList<NonFiniteScore> NonFinite { get; init; } = [];

    /// <summary>Reads a table of predictions; lines with another number of cells than the headings are left out.</summary>
    /// <param name="step">Step of the evaluation.</param>
    /// <param name="lines">The headings row, label and predicted with one per label, then one line per row.</param>
    /// <exception cref="FormatException">A cell is not a number.</exception>
    /// <exception cref="OverflowException">A number is out of range.</exception>
    public static PredictionSet FromTable(int step, IEnumerable<IReadOnlyList<string>> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        IReadOnlyList<string>? headings = null;
        List<Prediction> items = [];
        List<NonFiniteScore> nonFinite = [];
        foreach (IReadOnlyList<string> cells in lines)
        {
            if (headings is null)
            {
                headings = cells;
            }
            else if (cells.Count == headings.Count && cells.Count > FixedColumns)
            {
                int row = int.Parse(cells[0], CultureInfo.InvariantCulture);
                double[] scores = [.. cells.Skip(FixedColumns).Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
                items.Add(new Prediction(
                    row,
                    int.Parse(cells[1], CultureInfo.InvariantCulture),
                    int.Parse(cells[2], CultureInfo.InvariantCulture),
                    [.. scores.Select(score => double.IsFinite(score) ? score : (double?)null)]));
                nonFinite.AddRange(scores.Index().Where(score => !double.IsFinite(score.Item)).Select(score =>
                    new NonFiniteScore(row, score.Index, score.Item.ToString(CultureInfo.InvariantCulture))));
            }
        }

        return new PredictionSet(step, [.. (headings ?? []).Skip(FixedColumns)], items) { NonFinite = nonFinite };
    }
}

/// <summary>The prediction for an evaluation row.</summary>
/// <param name="Row">Row of the evaluation file, from 0.</param>
/// <param name="Label">Index of the true label.</param>
/// <param name="Predicted">Index of the predicted label.</param>
/// <param name="Scores">Log-probabilities in label order; null where not finite.</param>
public sealed record Prediction(int Row, int Label, int Predicted, IReadOnlyList<double?> Scores)
{
    /// <summary>Number of tokens of each label after the row's prompt, in label order; null: unknown.</summary>
    public IReadOnlyList<int>? Tokens { get; init; }
}

/// <summary>A score that a JSON number cannot represent.</summary>
/// <param name="Row">Row of the evaluation file, from 0.</param>
/// <param name="Label">Index of the label.</param>
/// <param name="Value"><c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</param>
public sealed record NonFiniteScore(
    int Row, int Label, [property: AllowedValues("NaN", "Infinity", "-Infinity")] string Value);
