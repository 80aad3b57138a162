using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Training.Tasks;

/// <summary>Result of one evaluation.</summary>
public record EvaluationOutcome
{
    /// <summary>Values by metric key, <see cref="MetricKeys.EvalLoss"/> among them.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Number of rows evaluated.</summary>
    public required int Rows { get; init; }

    /// <summary>Rows predicted correctly; null in tasks without right and wrong.</summary>
    public int? Correct { get; init; }

    /// <summary>Share of rows that a constant prediction would get right; 0 in tasks without one.</summary>
    public double MajorityBaseline { get; init; }

    /// <summary>What else the task knows about the evaluation, as members of the document that <c>evaluate</c> prints.</summary>
    public JsonObject Details { get; init; } = [];

    /// <summary>The prediction of every row, in evaluation order.</summary>
    public required PredictionTable Predictions { get; init; }

    /// <summary>Held-out loss; a run whose loss is not finite has diverged.</summary>
    public double Loss => Metrics[MetricKeys.EvalLoss];
}
