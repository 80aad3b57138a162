using LoraLab.Contracts;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>How the predictions of rows moved from evaluation to evaluation of a run.</summary>
/// <param name="evaluations">The predictions files, by step.</param>
internal sealed class PredictionMoves(IReadOnlyList<(int Step, string Path)> evaluations)
{
    /// <summary>Evaluations that a history has at most; of more, these are chosen evenly, the first and the last among them.</summary>
    public const int MaximumPoints = 50;

    /// <summary>
    /// Rows whose predicted label, or being right, was not the same at all evaluations after training began; before that the model is not
    /// what the run made of it.
    /// </summary>
    /// <exception cref="FormatException">A file is damaged.</exception>
    public IReadOnlySet<int> Flipped()
    {
        Dictionary<int, (int?, bool?)> first = [];
        HashSet<int> flipped = [];
        foreach (Prediction item in evaluations.Where(one => one.Step > 0).SelectMany(one => Read(one.Path)))
        {
            if (!first.TryAdd(item.Row, (item.Predicted, item.Correct)) && first[item.Row] != (item.Predicted, item.Correct))
            {
                flipped.Add(item.Row);
            }
        }

        return flipped;
    }

    /// <summary>The histories of rows, each in order of the steps.</summary>
    /// <param name="rows">The rows.</param>
    /// <exception cref="FormatException">A file is damaged.</exception>
    public IReadOnlyDictionary<int, List<PredictionPoint>> Of(IReadOnlySet<int> rows)
    {
        Dictionary<int, List<PredictionPoint>> histories = rows.ToDictionary(row => row, _ => new List<PredictionPoint>());
        foreach ((int step, string path) in Chosen())
        {
            foreach (Prediction item in Read(path).Where(item => rows.Contains(item.Row)))
            {
                histories[item.Row].Add(new(step, item.Predicted, item.Correct, item.Margin(), item.Loss));
            }
        }

        return histories;
    }

    private IEnumerable<(int Step, string Path)> Chosen() => evaluations.Count <= MaximumPoints
        ? evaluations
        : Enumerable.Range(0, MaximumPoints).Select(i => evaluations[i * (evaluations.Count - 1) / (MaximumPoints - 1)]);

    private static IEnumerable<Prediction> Read(string path)
    {
        using StreamReader file = new(path);
        PredictionColumns? columns = null;
        foreach (IReadOnlyList<string> cells in CsvRows.Read(file))
        {
            if (columns is null)
            {
                columns = new PredictionColumns(cells);
            }
            else if (columns.Read(cells) is Prediction item)
            {
                yield return item;
            }
        }
    }
}
