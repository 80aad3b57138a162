using LoraLab.Contracts.Tasks;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Comparison;

/// <summary>Reads the rows of two runs that can be paired, such as those that only one of them got right.</summary>
internal sealed class ComparedRowsReader(ComparedRuns compared, PredictionFiles predictions, VerifiedTexts verified)
{
    /// <summary>The rows of two runs.</summary>
    /// <param name="runs">Their ids, separated by a comma.</param>
    /// <param name="show"><c>onlyA</c> or <c>onlyB</c>: right in that run only; <c>either</c>: in one of them; else all.</param>
    /// <param name="text">Text in the row or in what a run wrote; null: any.</param>
    /// <param name="byDifference">Whether the rows with the largest difference in loss come first.</param>
    /// <param name="offset">Rows to skip.</param>
    /// <param name="limit">Maximum number of rows.</param>
    public CompareRows Read(string? runs, string? show, string? text, bool byDifference, int offset, int limit)
    {
        IReadOnlyList<ComparedRun> both = compared.Load(runs).Runs;
        if (both.Count != 2)
        {
            throw ApiFailure.Invalid("runs", "runs must be the ids of two runs, separated by a comma.");
        }

        (ComparedRun a, ComparedRun b) = (both[0], both[1]);
        if (PairRefusal.Of(a, b) is PairRefusal refused)
        {
            throw ApiFailure.Conflict("notComparable", $"The runs cannot be compared row by row. {refused.Reason}");
        }

        (string? path, bool changed) = verified.Of(a.Id);
        List<ComparedPrediction> all = [.. a.Predictions!.Zip(b.Predictions!, Pair)];
        int judged = all.Count(row => row.A.Correct is not null && row.B.Correct is not null);
        HashSet<int>? found = text is null ? null : [.. Texts(path).Where(row => Has(row, text)).Select(row => row.Row)];
        List<ComparedPrediction> matching =
        [
            .. all.Where(
                row => Shown(row, show) && (found is null || found.Contains(row.A.Row) || Wrote(row.A, text!) || Wrote(row.B, text!))),
        ];
        IEnumerable<ComparedPrediction> ordered = byDifference
            ? matching.OrderByDescending(row => row.Difference is double difference ? Math.Abs(difference) : -1)
            : matching;
        List<ComparedPrediction> page = [.. ordered.Skip(offset).Take(limit)];
        HashSet<int> wanted = [.. page.Select(row => row.A.Row)];
        Dictionary<int, EvaluationRow> texts = Texts(path).Where(row => wanted.Contains(row.Row)).ToDictionary(row => row.Row);
        return new CompareRows(
            a.Id, b.Id, [.. page.Select(row => row with { A = row.A.With(texts.GetValueOrDefault(row.A.Row)) })])
        {
            Labels = predictions.TryReadLast(a.Document)?.Labels ?? [],
            DataChanged = changed,
            Rows = all.Count,
            Judged = judged,
            OnlyA = all.Count(row => Shown(row, "onlyA")),
            OnlyB = all.Count(row => Shown(row, "onlyB")),
            Total = matching.Count,
        };
    }

    private static ComparedPrediction Pair(Prediction a, Prediction b) =>
        new(a, b, LossOf(a) - LossOf(b) is double difference ? difference : null);

    /// <summary>Loss of the true label or of the reference.</summary>
    private static double? LossOf(Prediction row) => row.Label is int label ? -row.Scores.ElementAtOrDefault(label) : row.Loss;

    private static bool Shown(ComparedPrediction row, string? show) => show switch
    {
        "onlyA" => row is { A.Correct: true, B.Correct: false },
        "onlyB" => row is { A.Correct: false, B.Correct: true },
        "either" => row.A.Correct is bool a && row.B.Correct is bool b && a != b,
        _ => true,
    };

    private static IEnumerable<EvaluationRow> Texts(string? path) =>
        path is not null ? File.ReadLines(path).Select(EvaluationTexts.Parse).OfType<EvaluationRow>() : [];

    private static bool Has(EvaluationRow row, string text) =>
        row.Columns.Values.Append(row.Reference ?? "").Any(value => value.Contains(text, StringComparison.OrdinalIgnoreCase));

    private static bool Wrote(Prediction row, string text) => row.Generated?.Contains(text, StringComparison.OrdinalIgnoreCase) == true;
}
