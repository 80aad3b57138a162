using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>How points of the search space are sampled.</summary>
public enum SweepSampler
{
    /// <summary>Every combination.</summary>
    Grid,

    /// <summary>Independent draws without repetition.</summary>
    Random,

    /// <summary>Tree-structured Parzen estimator: samples near good results.</summary>
    Tpe,
}

/// <summary>A sweep as submitted: the body of <c>POST /sweeps</c>.</summary>
public sealed record SweepPlan
{
    /// <summary>Schema version of this document.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Display name, unique among sweeps; null: generated from the fields.</summary>
    [StringLength(TextLimits.Name, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>Free text, shown as text.</summary>
    [StringLength(TextLimits.Notes)]
    public string? Notes { get; init; }

    /// <summary>
    /// The run specification shared by all runs; fields of the space override it. <c>evalSplit</c> is always <c>selection</c>: nothing is
    /// selected on the reported rows.
    /// </summary>
    [DescribedAs(typeof(RunSpecChanges))]
    public JsonObject Spec { get; init; } = [];

    /// <summary>The search space: fields with their ranges.</summary>
    [MinLength(1), MaxLength(SweepLimits.Fields)]
    public IReadOnlyList<SweepField> Space { get; init; } = [];

    /// <summary>
    /// Comparisons that every run must satisfy, for example <c>learningRateB &gt;= 4 * learningRate</c>: numbers, fields of the
    /// specification, + - * / and parentheses on both sides of one of &lt; &lt;= &gt; &gt;= == !=.
    /// </summary>
    [MaxLength(SweepLimits.Constraints), StringLength(SweepLimits.ConstraintLength)]
    public IReadOnlyList<string> Constraints { get; init; } = [];

    /// <summary>How points of the space are sampled.</summary>
    public SweepSampler Sampler { get; init; }

    /// <summary>Number of runs; required by <c>random</c> and <c>tpe</c>, refused by <c>grid</c>, which runs all its points.</summary>
    [Range(1, SweepLimits.Runs)]
    public int? Runs { get; init; }

    /// <summary>Seed of <c>random</c> and <c>tpe</c>.</summary>
    public long Seed { get; init; }

    /// <summary>Number of random runs before <c>tpe</c> starts to model the objective; null: 10.</summary>
    [Range(SweepLimits.LeastStartupRuns, SweepLimits.Runs)]
    public int? StartupRuns { get; init; }

    /// <summary>
    /// Metric to optimize: the key of a metric that the task of the dataset measures, for example <c>eval/accuracy</c> or
    /// <c>eval/loss</c>; omitted: the primary metric of the dataset.
    /// </summary>
    public string Objective { get; init; } = "";

    /// <summary>Rule that stops runs early; null: none.</summary>
    public SweepPruner? Pruner { get; init; }

    /// <summary>Confirms more than 500 runs.</summary>
    public bool Confirm { get; init; }
}
