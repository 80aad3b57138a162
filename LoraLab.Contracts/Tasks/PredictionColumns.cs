using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Tasks;

/// <summary>
/// Reads the lines of a predictions file: row, label, predicted and a score per label; or, of a task without labels, row and the columns
/// loss, tokens and generated, of which those of other names are metrics of the row.
/// </summary>
public sealed class PredictionColumns
{
    private const int FixedColumns = 3;
    private readonly IReadOnlyList<string> _headings;
    private readonly List<NonFiniteScore> _nonFinite = [];
    private readonly int[][]? _confusion;

    /// <summary>Creates a reader of the lines after the headings.</summary>
    public PredictionColumns(IReadOnlyList<string> headings)
    {
        ArgumentNullException.ThrowIfNull(headings);
        _headings = headings;
        if (headings is [_, "label", "predicted", _, ..])
        {
            Labels = [.. headings.Skip(FixedColumns)];
            _confusion = [.. Labels.Select(_ => new int[Labels.Count])];
        }
    }

    /// <summary>Labels in label order; empty: the task has none.</summary>
    public IReadOnlyList<string> Labels { get; } = [];

    /// <summary>Scores and losses so far that are NaN or infinite.</summary>
    public IReadOnlyList<NonFiniteScore> NonFinite => _nonFinite;

    /// <summary>Rows so far by true label and predicted label; null: the task has no labels.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Confusion => _confusion;

    /// <summary>Reads a line; null if it has another number of cells than the headings.</summary>
    /// <exception cref="FormatException">A cell is not a number.</exception>
    /// <exception cref="OverflowException">A number is out of range.</exception>
    public Prediction? Read(IReadOnlyList<string> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        return cells.Count != _headings.Count || (_confusion is null && _headings.Count < 2) ? null
            : _confusion is null ? ReadText(cells)
            : ReadLabel(cells, _confusion);
    }

    private Prediction ReadLabel(IReadOnlyList<string> cells, int[][] confusion)
    {
        int row = Whole(cells[0]), label = Whole(cells[1]), predicted = Whole(cells[2]);
        double[] scores = [.. cells.Skip(FixedColumns).Select(Number)];
        _nonFinite.AddRange(scores.Index().Where(score => !double.IsFinite(score.Item)).Select(score =>
            new NonFiniteScore(row, score.Index, score.Item.ToString(CultureInfo.InvariantCulture))));
        if (label >= 0 && label < confusion.Length && predicted >= 0 && predicted < confusion.Length)
        {
            confusion[label][predicted]++;
        }

        return new Prediction(row, label, predicted, [.. scores.Select(Finite)]);
    }

    private Prediction ReadText(IReadOnlyList<string> cells)
    {
        Prediction item = new(Whole(cells[0]), null, null, []);
        Dictionary<string, double> metrics = [];
        foreach ((string heading, string cell) in _headings.Zip(cells).Skip(1))
        {
            if (heading == "generated")
            {
                // Rows that were not generated have no metrics either.
                item = item with { Generated = cell };
            }
            else if (cell.Length > 0)
            {
                double value = Number(cell);
                item = heading switch
                {
                    "loss" => item with { Loss = Finite(value) },
                    "tokens" => item with { Tokens = JsonValue.Create(Whole(cell)) },
                    _ => item,
                };
                if (heading == "loss" && !double.IsFinite(value))
                {
                    _nonFinite.Add(new NonFiniteScore(item.Row, 0, value.ToString(CultureInfo.InvariantCulture)));
                }
                else if (heading is not ("loss" or "tokens"))
                {
                    metrics[heading] = value;
                }
            }
        }

        return item with { Generated = metrics.Count > 0 ? item.Generated : null, Metrics = metrics };
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static int Whole(string cell) => int.Parse(cell, CultureInfo.InvariantCulture);

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);
}
