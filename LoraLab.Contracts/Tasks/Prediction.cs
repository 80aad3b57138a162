using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Tasks;

/// <summary>The prediction for an evaluation row.</summary>
/// <param name="Row">Row of the evaluation file, from 0.</param>
/// <param name="Label">Index of the true label; null: the task has no labels.</param>
/// <param name="Predicted">Index of the predicted label; null: the task has no labels.</param>
/// <param name="Scores">Scores in label order; null where not finite. Empty: the task has no labels.</param>
public sealed record Prediction(int Row, int? Label, int? Predicted, IReadOnlyList<double?> Scores)
{
    /// <summary>Name of the member of <see cref="Metrics"/> that says whether a generated text is right.</summary>
    public const string ExactMatch = "exactMatch";

    /// <summary>Share of the probability of all labels from which on a prediction counts as confident.</summary>
    public const double Confident = 0.9;

    /// <summary>Whether the prediction is right: the true label, or exactly the reference; null: nothing was predicted.</summary>
    public bool? Correct => Label is int label ? Predicted == label
        : Metrics.TryGetValue(ExactMatch, out double match) ? match == 1
        : null;

    /// <summary>Number of target tokens; with labels, a list of the tokens that each adds to the prompt. Null: not recorded.</summary>
    public JsonNode? Tokens { get; init; }

    /// <summary>Loss of the row, summed over its target tokens, in nats; null with labels, or where not finite.</summary>
    public double? Loss { get; init; }

    /// <summary>The text that the model wrote; null: it was not asked to.</summary>
    public string? Generated { get; init; }

    /// <summary>The text that the model should write; null: not recorded, or the task has labels.</summary>
    public string? Reference { get; init; }

    /// <summary>The text that the model continues; null: not recorded.</summary>
    public string? Prompt { get; init; }

    /// <summary>Texts of the dataset's columns by name; null: not recorded.</summary>
    public IReadOnlyDictionary<string, string>? Columns { get; init; }

    /// <summary>Metrics of the row by name, such as <c>exactMatch</c> and <c>rougeL</c> of a generated text.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>The prediction at the evaluations of the run, in order of the steps; null: not requested.</summary>
    public IReadOnlyList<PredictionPoint>? History { get; init; }

    /// <summary>
    /// Probability of the predicted label: the exponential of its score, divided by the sum of those of all labels; null: the task has no
    /// labels, or a score is not finite.
    /// </summary>
    public double? Confidence()
    {
        if (Predicted is not int predicted || predicted < 0 || predicted >= Scores.Count || Scores[predicted] is not double score)
        {
            return null;
        }

        double sum = Scores.Sum(other => Math.Exp((other ?? double.NaN) - score));
        return double.IsFinite(sum) ? 1 / sum : null;
    }

    /// <summary>The highest score minus the second highest; null: there are not two.</summary>
    public double? Margin()
    {
        double highest = double.NegativeInfinity, second = double.NegativeInfinity;
        foreach (double score in Scores.OfType<double>())
        {
            (highest, second) = score > highest ? (score, highest) : (highest, Math.Max(second, score));
        }

        return double.IsFinite(second) ? highest - second : null;
    }

    /// <summary>The prediction with the texts of its row.</summary>
    /// <param name="row">The row; null: not recorded.</param>
    public Prediction With(EvaluationRow? row) => row is null ? this : this with
    {
        Columns = row.Columns,
        Prompt = row.Prompt,
        Reference = row.Reference,
        Tokens = row.LabelTokens is null ? Tokens : new JsonArray([.. row.LabelTokens.Select(count => JsonValue.Create(count))]),
    };
}
