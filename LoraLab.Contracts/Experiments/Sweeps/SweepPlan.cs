using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>A sweep as it is asked for: the body of <c>POST /sweeps</c>.</summary>
public sealed record SweepPlan
{
    /// <summary>Version of this document's shape.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Display name; no two sweeps have the same. Null: made from the fields.</summary>
    public string? Name { get; init; }

    /// <summary>Free text, shown as text.</summary>
    public string? Notes { get; init; }

    /// <summary>
    /// The run specification that all runs share; what the space names goes over it. <c>evalSplit</c> is <c>selection</c> whether it is
    /// given or not: nothing is chosen on the rows that are reported.
    /// </summary>
    public JsonObject Spec { get; init; } = [];

    /// <summary>The fields that are searched, and what each may be.</summary>
    public IReadOnlyList<SweepField> Space { get; init; } = [];

    /// <summary>
    /// Comparisons that every run must satisfy, for example <c>learningRateB &gt;= 4 * learningRate</c>: numbers, fields of the
    /// specification, + - * / and parentheses around one of &lt; &lt;= &gt; &gt;= == !=.
    /// </summary>
    public IReadOnlyList<string> Constraints { get; init; } = [];

    /// <summary>How points of the space are chosen.</summary>
    public SweepSampler Sampler { get; init; }

    /// <summary>How many runs; needed by <c>random</c> and <c>tpe</c>, and not taken by <c>grid</c>, which runs all its points.</summary>
    public int? Runs { get; init; }

    /// <summary>Seed of <c>random</c> and <c>tpe</c>.</summary>
    public long Seed { get; init; }

    /// <summary>Runs of <c>tpe</c> that are drawn at random before it learns; null: 10.</summary>
    public int? StartupRuns { get; init; }

    /// <summary>Metric that is searched for: <c>eval/accuracy</c>, <c>eval/macroF1</c> or <c>eval/loss</c>.</summary>
    public string Objective { get; init; } = MetricKeys.EvalAccuracy;

    /// <summary>What stops runs early; null: nothing does.</summary>
    public SweepPruner? Pruner { get; init; }

    /// <summary>Says that more than 500 runs are meant.</summary>
    public bool Confirm { get; init; }
}

/// <summary>How points of the space are chosen.</summary>
public enum SweepSampler
{
    /// <summary>Every combination.</summary>
    Grid,

    /// <summary>Independent draws, none twice.</summary>
    Random,

    /// <summary>Tree-structured Parzen estimator: draws where good results were.</summary>
    Tpe,
}
