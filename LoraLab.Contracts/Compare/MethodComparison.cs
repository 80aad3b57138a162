using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Compare;

/// <summary>Comparison of methods over seeds: completed runs grouped by their specification without its seeds.</summary>
public sealed record MethodComparison
{
    /// <summary>Minimum number of common seeds for a test of two groups.</summary>
    public int MinimumSeeds { get; init; }

    /// <summary>Groups in the order of their first runs.</summary>
    public IReadOnlyList<MethodGroup> Groups { get; init; } = [];

    /// <summary>Number of pairs of groups tested; Holm's adjustment covers these.</summary>
    public int Tested { get; init; }

    /// <summary>One entry per pair of groups.</summary>
    public IReadOnlyList<MethodPair> Pairs { get; init; } = [];
}

/// <summary>
/// Runs that differ only in their seeds (and in names, notes, tags, priority, device, microBatch, packTokens and memoryBudgetMb).
/// </summary>
public sealed record MethodGroup
{
    /// <summary>Id, unique within this document.</summary>
    public required string Id { get; init; }

    /// <summary>The method, with the settings that distinguish it from other groups of the same method.</summary>
    public required string Label { get; init; }

    /// <summary>Method id.</summary>
    public required string Method { get; init; }

    /// <summary>Settings that distinguish it from other groups of the same method; empty if there are none.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Settings { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>Ids of its runs, including those that do not count.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];

    /// <summary>Results by seed: runs that ended with identical weights are one result, and runs with the same seed are averaged.</summary>
    public IReadOnlyList<SeedResult> Seeds { get; init; } = [];

    /// <summary>Metrics over the seeds, by key; only those that every run has.</summary>
    public IReadOnlyDictionary<string, SeedStatistics> Metrics { get; init; } = new Dictionary<string, SeedStatistics>();

    /// <summary>Id of the task of its runs.</summary>
    public string Task { get; init; } = "classification";

    /// <summary>Key of the metric by which it is compared: the primary one of its runs.</summary>
    public string Metric { get; init; } = MetricKeys.EvalAccuracy;

    /// <summary>That metric over the seeds.</summary>
    public SeedStatistics Result => Metrics[Metric];

    /// <summary>Accuracy over the seeds; null if the task has none.</summary>
    public SeedStatistics? Accuracy => Metrics.GetValueOrDefault(MetricKeys.EvalAccuracy);

    /// <summary>Macro-F1 over the seeds; null if a run has none.</summary>
    public SeedStatistics? MacroF1 => Metrics.GetValueOrDefault(MetricKeys.EvalMacroF1);
}

/// <summary>The result of one seed.</summary>
/// <param name="Seed">Seed of initial values and dropout.</param>
/// <param name="OrderSeed">Seed of the order of the training sentences.</param>
/// <param name="Metrics">Metrics of the last evaluation, by key.</param>
/// <param name="Runs">The runs behind it.</param>
public sealed record SeedResult(long Seed, long? OrderSeed, IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<string> Runs)
{
    /// <summary>Accuracy of the last evaluation; null if the task has none.</summary>
    public double? Accuracy => Metrics.TryGetValue(MetricKeys.EvalAccuracy, out double value) ? value : null;

    /// <summary>Macro-F1 of the last evaluation.</summary>
    public double? MacroF1 => Metrics.TryGetValue(MetricKeys.EvalMacroF1, out double value) ? value : null;
}

/// <summary>Statistics over seeds.</summary>
/// <param name="N">Seeds.</param>
/// <param name="Mean">Mean.</param>
/// <param name="StandardDeviation">Sample standard deviation (n − 1); null for one seed.</param>
/// <param name="Low">Lower bound of the 95% t-interval of the mean; null: no interval.</param>
/// <param name="High">Its upper bound.</param>
/// <param name="NoIntervalReason">Why there is no interval; null: there is one.</param>
public sealed record SeedStatistics(
    int N,
    double Mean,
    double? StandardDeviation,
    double? Low,
    double? High,
    [property: JsonPropertyName("noInterval")] string? NoIntervalReason);

/// <summary>A comparison of two groups, paired by seed.</summary>
public sealed record MethodPair
{
    /// <summary>Id of the first group.</summary>
    public required string GroupA { get; init; }

    /// <summary>Id of the second group.</summary>
    public required string GroupB { get; init; }

    /// <summary>Number of common seeds, S.</summary>
    public int CommonSeeds { get; init; }

    /// <summary>Why the pair was not tested, in one sentence; null: it was tested.</summary>
    [JsonPropertyName("refused")]
    public string? NotTestedReason { get; init; }

    /// <summary>
    /// Mean difference in the metric of the groups, first minus second, over the common seeds; null without a common seed.
    /// </summary>
    public double? Difference { get; init; }

    /// <summary>Sample standard deviation of the differences; null: not tested.</summary>
    public double? StandardDeviation { get; init; }

    /// <summary>Lower bound of the 95% t-interval of the mean difference; null: not tested.</summary>
    public double? Low { get; init; }

    /// <summary>Its upper bound.</summary>
    public double? High { get; init; }

    /// <summary>t statistic of the paired test.</summary>
    public double? T { get; init; }

    /// <summary>Degrees of freedom, S − 1.</summary>
    public int? DegreesOfFreedom { get; init; }

    /// <summary>Two-sided p-value.</summary>
    public double? P { get; init; }

    /// <summary>p-value after Holm's adjustment over all tested pairs of groups.</summary>
    public double? HolmP { get; init; }

    /// <summary>The comparison's <c>factors</c> in which the groups differ.</summary>
    public IReadOnlyList<string> Factors { get; init; } = [];
}
