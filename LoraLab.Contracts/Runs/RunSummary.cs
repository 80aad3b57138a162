using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Runs;

/// <summary>Results of a run; null: not known yet. Units are seconds and MiB.</summary>
public sealed record RunSummary
{
    /// <summary>Accuracy in [0, 1].</summary>
    [JsonPropertyName(MetricKeys.EvalAccuracy)]
    public MetricSummary? Accuracy { get; init; }

    /// <summary>Unweighted mean of the per-class F1 scores.</summary>
    [JsonPropertyName(MetricKeys.EvalMacroF1)]
    public MetricSummary? MacroF1 { get; init; }

    /// <summary>Mean negative score of the true label.</summary>
    [JsonPropertyName(MetricKeys.EvalLoss)]
    public MetricSummary? EvalLoss { get; init; }

    /// <summary>Training loss.</summary>
    [JsonPropertyName(MetricKeys.TrainLoss)]
    public MetricSummary? TrainLoss { get; init; }

    /// <summary>Rows predicted correctly in the last evaluation.</summary>
    public int? Correct { get; init; }

    /// <summary>Rows per evaluation.</summary>
    public int? EvalRows { get; init; }

    /// <summary>Share of the most frequent label among the evaluation rows.</summary>
    public double? MajorityBaseline { get; init; }

    /// <summary>Trainable parameters, counted from the live model.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>All parameters, including adapters.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>Training tokens consumed, BOS counted.</summary>
    public long? TrainTokens { get; init; }

    /// <summary>Time from the start of the first step to the end of the last, without evaluations and checkpoints.</summary>
    public double? TrainSeconds { get; init; }

    /// <summary>Time spent in evaluations.</summary>
    public double? EvalSeconds { get; init; }

    /// <summary>Time to load the model and data and to initialize the adapters.</summary>
    public double? LoadSeconds { get; init; }

    /// <summary>Peak memory during <see cref="TrainSeconds"/>; its source is in the attempt's environment.</summary>
    public double? PeakMemoryMb { get; init; }

    /// <summary>
    /// Largest excess over the memory budget during the run, MiB, evaluations included; null: never exceeded, or no budget.
    /// </summary>
    public double? BudgetExceededMb { get; init; }
}

/// <summary>Results of a metric over a run.</summary>
public sealed record MetricSummary
{
    /// <summary>Value at the last point; null: not finite.</summary>
    public double? Last { get; init; }

    /// <summary>Best value (highest, or lowest for losses); optimistic if chosen on the reported rows.</summary>
    public double? Best { get; init; }

    /// <summary>Step of the best value.</summary>
    public int? BestStep { get; init; }

    /// <summary>
    /// Returns the results after one more point. Ties keep the earlier step as the best; a non-finite value is never the best.
    /// </summary>
    /// <param name="previous">The results so far; null: it is the first point.</param>
    /// <param name="key">The metric key, which determines whether lower is better.</param>
    /// <param name="step">Step of the point.</param>
    /// <param name="value">Its value.</param>
    public static MetricSummary After(MetricSummary? previous, string key, int step, double value)
    {
        previous ??= new MetricSummary();
        if (!double.IsFinite(value))
        {
            return previous with { Last = null };
        }

        bool better = previous.Best is not double best || (MetricKeys.LowerIsBetter(key) ? value < best : value > best);
        return better ? new MetricSummary { Last = value, Best = value, BestStep = step } : previous with { Last = value };
    }
}
