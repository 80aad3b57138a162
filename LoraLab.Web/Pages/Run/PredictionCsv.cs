using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Web.Pages.Run;

/// <summary>Predictions with the texts of their rows as a CSV file.</summary>
internal static class PredictionCsv
{
    /// <summary>The file: with labels their words and scores, otherwise prompt, reference, generated text and metrics.</summary>
    public static string Of(IReadOnlyList<string> labels, IReadOnlyList<Prediction> rows)
    {
        string[] columns = [.. rows.SelectMany(row => row.Columns?.Keys ?? []).Distinct()];
        string[] metrics = [.. rows.SelectMany(row => row.Metrics.Keys).Distinct()];
        CsvLines csv = new("\n");
        csv.Add(labels.Count > 0
            ? ["row", .. columns, "label", "predicted", .. labels]
            : ["row", .. columns, "prompt", "reference", "generated", "loss", "tokens", .. metrics]);
        foreach (Prediction row in rows)
        {
            IEnumerable<string?> texts = columns.Select(column => row.Columns?.GetValueOrDefault(column));
            csv.Add(labels.Count > 0
                ?
                [
                    row.Row.ToString(CultureInfo.InvariantCulture),
                    .. texts,
                    Name(row.Label),
                    Name(row.Predicted),
                    .. row.Scores.Select(score => CsvLines.Number(score)),
                ]
                :
                [
                    row.Row.ToString(CultureInfo.InvariantCulture),
                    .. texts,
                    row.Prompt,
                    row.Reference,
                    row.Generated,
                    CsvLines.Number(row.Loss),
                    row.Tokens?.ToJsonString(),
                    .. metrics.Select(metric => CsvLines.Number(row.Metrics.TryGetValue(metric, out double value) ? value : null)),
                ]);
        }

        return csv.ToString();

        string? Name(int? label) => label is int index && index >= 0 && index < labels.Count
            ? labels[index]
            : label?.ToString(CultureInfo.InvariantCulture);
    }
}
