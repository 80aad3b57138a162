using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Runs;

/// <summary>Results of a run; null where not known yet. Seconds and MiB.</summary>
public sealed record RunSummary
{
    /// <summary>Accuracy in [0, 1].</summary>
    [JsonPropertyName(MetricKeys.EvalAccuracy)]
    public MetricSummary? Accuracy { get; init; }

    /// <summary>Unweighted mean of the class F1 scores.</summary>
    [JsonPropertyName(MetricKeys.EvalMacroF1)]
    public MetricSummary? MacroF1 { get; init; }

    /// <summary>Mean of minus the true label's score.</summary>
    [JsonPropertyName(MetricKeys.EvalLoss)]
    public MetricSummary? EvalLoss { get; init; }

    /// <summary>Training loss.</summary>
    [JsonPropertyName(MetricKeys.TrainLoss)]
    public MetricSummary? TrainLoss { get; init; }

    /// <summary>Rows that the last evaluation got right.</summary>
    public int? Correct { get; init; }

    /// <summary>Rows of an evaluation.</summary>
    public int? EvalRows { get; init; }

    /// <summary>Share of the most frequent label among the evaluation rows.</summary>
    public double? MajorityBaseline { get; init; }

    /// <summary>Trainable parameters, counted from the live model.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>All parameters, adapters included.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>Tokens of the training texts consumed, BOS counted.</summary>
    public long? TrainTokens { get; init; }

    /// <summary>First step's beginning to last step's end, without evaluation and checkpoints.</summary>
    public double? TrainSeconds { get; init; }

    /// <summary>Time in evaluations.</summary>
    public double? EvalSeconds { get; init; }

    /// <summary>Time to load model and data and to initialise the adapters.</summary>
    public double? LoadSeconds { get; init; }

    /// <summary>Peak memory over the span of <see cref="TrainSeconds"/>; the attempt's environment names its source.</summary>
    public double? PeakMemoryMb { get; init; }

    /// <summary>By how much memory went above the budget while the run went on, MiB, evaluations included; null: it never did, or there is no budget.</summary>
    public double? BudgetExceededMb { get; init; }
}

/// <summary>One metric's results over a run.</summary>
public sealed record MetricSummary
{
    /// <summary>Value at the last point; null when it was not finite.</summary>
    public double? Last { get; init; }

    /// <summary>Best value (highest, or lowest for losses); optimistic where it was chosen on the reported rows.</summary>
    public double? Best { get; init; }

    /// <summary>Step of the best value.</summary>
    public int? BestStep { get; init; }

    /// <summary>The results after one more point; of equal values the earlier step stays the best, and a value that is not finite is never the best.</summary>
    /// <param name="before">The results before it; null: it is the first.</param>
    /// <param name="key">The metric, which says whether lower is better.</param>
    /// <param name="step">Step of the point.</param>
    /// <param name="value">Its value.</param>
    public static MetricSummary After(MetricSummary? before, string key, int step, double value)
    {
        before ??= new MetricSummary();
        if (!double.IsFinite(value))
        {
            return before with { Last = null };
        }

        bool better = before.Best is not double best || (MetricKeys.LowerIsBetter(key) ? value < best : value > best);
        return better ? new MetricSummary { Last = value, Best = value, BestStep = step } : before with { Last = value };
    }
}
