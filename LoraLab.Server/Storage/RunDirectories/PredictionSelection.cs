using LoraLab.Contracts;
using LoraLab.Contracts.Tasks;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>Reads part of a predictions file with the texts of its rows; only that part is held in memory.</summary>
/// <param name="query">Which part.</param>
/// <param name="among">The rows among which it is; null: all.</param>
internal sealed class PredictionSelection(PredictionQuery query, IReadOnlySet<int>? among = null)
{
    private readonly long _end = query.Limit is int limit ? (long)query.Offset + limit : long.MaxValue;
    private readonly List<(Prediction Item, string? Text)> _inOrder = [];

    // The entry with the lowest priority is the first to go when there are more than needed.
    private readonly PriorityQueue<(Prediction Item, string? Text, int Place), (double Key, int Place)> _sorted =
        new(Comparer<(double Key, int Place)>.Create((a, b) => b.CompareTo(a)));

    private int _total;

    /// <summary>Reads the part.</summary>
    /// <param name="step">Step of the evaluation.</param>
    /// <param name="table">Path of the predictions.</param>
    /// <param name="texts">Path of the evaluation rows; null: there are none to show.</param>
    /// <exception cref="FormatException">The file is damaged.</exception>
    public PredictionSet Read(int step, string table, string? texts)
    {
        using StreamReader file = new(table);
        using EvaluationTexts rows = new(texts);
        PredictionColumns? columns = null;
        int count = 0;
        foreach (IReadOnlyList<string> cells in CsvRows.Read(file))
        {
            if (columns is null)
            {
                columns = new PredictionColumns(cells);
                RequireLabel("label", query.Label, columns);
                RequireLabel("predicted", query.Predicted, columns);
            }
            else if (columns.Read(cells) is Prediction item)
            {
                count++;
                Add(item, rows.Next(item.Row), columns);
            }
        }

        List<Prediction> items = [.. Selected().Select(entry => entry.Item.With(EvaluationTexts.Parse(entry.Text)))];
        HashSet<int> shown = [.. items.Select(item => item.Row)];
        return new PredictionSet(step, columns?.Labels ?? [], items)
        {
            NonFinite = [.. (columns?.NonFinite ?? []).Where(score => shown.Contains(score.Row))],
            Rows = count,
            Total = _total,
            Confusion = query.Offset == 0 ? columns?.Confusion : null,
        };
    }

    private static void RequireLabel(string name, string? label, PredictionColumns columns)
    {
        if (label is not null && !columns.Labels.Contains(label))
        {
            throw ApiFailure.Invalid(name, columns.Labels.Count == 0
                ? $"{name} is \"{label}\", but the task of the run has no labels; remove it."
                : $"{name} is \"{label}\", which is none of the run's labels ({string.Join(", ", columns.Labels.Take(10))}"
                    + $"{(columns.Labels.Count > 10 ? " and others" : "")}).");
        }
    }

    private void Add(Prediction item, string? text, PredictionColumns columns)
    {
        if (!Matches(item, text, columns))
        {
            return;
        }

        int place = _total++;
        if (query.Order == PredictionOrder.Row)
        {
            if (place >= query.Offset && place < _end)
            {
                _inOrder.Add((item, text));
            }

            return;
        }

        _sorted.Enqueue((item, text, place), (Key(item), place));
        if (_sorted.Count > _end)
        {
            _sorted.Dequeue();
        }
    }

    private IEnumerable<(Prediction Item, string? Text)> Selected()
    {
        if (query.Order == PredictionOrder.Row)
        {
            return _inOrder;
        }

        return _sorted.UnorderedItems.OrderBy(entry => entry.Priority).Skip(query.Offset)
            .Select(entry => (entry.Element.Item, entry.Element.Text));
    }

    /// <summary>What the order sorts by, lowest first; rows without it come last.</summary>
    private double Key(Prediction item) => query.Order == PredictionOrder.Margin
        ? item.Margin() ?? double.PositiveInfinity
        : -(item.Label is int label ? -item.Scores.ElementAtOrDefault(label) : item.Loss) ?? double.PositiveInfinity;

    private bool Matches(Prediction item, string? text, PredictionColumns columns) =>
        (query.Correct is null || item.Correct == query.Correct)
        && (!query.Confident || item.Confidence() >= Prediction.Confident)
        && among?.Contains(item.Row) != false
        && (query.Label is null || LabelOf(item.Label, columns) == query.Label)
        && (query.Predicted is null || LabelOf(item.Predicted, columns) == query.Predicted)
        && (query.Text is null || HasText(item, EvaluationTexts.Parse(text), query.Text));

    private static string? LabelOf(int? label, PredictionColumns columns) =>
        label is int index && index >= 0 && index < columns.Labels.Count ? columns.Labels[index] : null;

    private static bool HasText(Prediction item, EvaluationRow? row, string text) =>
        (row?.Columns.Values ?? []).Append(row?.Reference).Append(item.Generated)
            .Any(value => value?.Contains(text, StringComparison.OrdinalIgnoreCase) == true);
}
