using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;

namespace LoraLab.Contracts.Compare;

/// <summary>
/// Tests of every pair of runs on the rows of their last evaluation: exact two-sided McNemar tests of what is right and wrong where the
/// metric is the accuracy, else paired bootstraps of the metric. They compare two checkpoints; comparing two methods takes several seeds.
/// </summary>
public sealed record PairedTests
{
    /// <summary>The objects compared.</summary>
    public string Label { get; init; } = "two checkpoints";

    /// <summary>Description of the test.</summary>
    public string Test { get; init; } = "exact two-sided McNemar test, Holm over all tested pairs";

    /// <summary>Key of the metric that is tested, the primary one of the runs.</summary>
    public string Metric { get; init; } = MetricKeys.EvalAccuracy;

    /// <summary>Number of pairs tested; Holm's adjustment covers these.</summary>
    public int Tested { get; init; }

    /// <summary>One entry per pair of runs, in the order of the rows.</summary>
    public IReadOnlyList<PairedTest> Pairs { get; init; } = [];
}

/// <summary>A test of two runs on the same rows.</summary>
public sealed record PairedTest
{
    /// <summary>Id of the first run.</summary>
    public required string RunA { get; init; }

    /// <summary>Id of the second run.</summary>
    public required string RunB { get; init; }

    /// <summary>Why the pair was not tested, in one sentence; null: it was tested.</summary>
    [JsonPropertyName("refused")]
    public string? NotTestedReason { get; init; }

    /// <summary>Ids of the runs that the reason concerns; empty if it concerns both equally.</summary>
    [JsonPropertyName("refusedFor")]
    public IReadOnlyList<string> NotTestedRuns { get; init; } = [];

    /// <summary>Number of rows on which both were evaluated.</summary>
    public int? Rows { get; init; }

    /// <summary>Number of rows that only the first run predicted correctly; null: nothing is right or wrong.</summary>
    public int? B { get; init; }

    /// <summary>Number of rows that only the second run predicted correctly; null: nothing is right or wrong.</summary>
    public int? C { get; init; }

    /// <summary>The tested metric of the first run minus that of the second; of accuracies (b − c) / rows.</summary>
    public double? Difference { get; init; }

    /// <summary>Lower bound of the 95% bootstrap interval of the difference; null: McNemar's test has none.</summary>
    public double? Low { get; init; }

    /// <summary>Its upper bound.</summary>
    public double? High { get; init; }

    /// <summary>
    /// McNemar's p = min(1, 2·P(X ≤ min(b, c))), X ~ Bin(b + c, ½), 1 where b + c = 0; or that of the paired bootstrap.
    /// </summary>
    public double? P { get; init; }

    /// <summary>p-value after Holm's adjustment over all tested pairs.</summary>
    public double? HolmP { get; init; }

    /// <summary>
    /// The share of exact matches on the rows for which both runs generated a text, which is not adjusted by Holm; null: there are none.
    /// </summary>
    public PairedMatches? ExactMatch { get; init; }

    /// <summary>The comparison's <c>factors</c> in which the two runs differ.</summary>
    public IReadOnlyList<string> Factors { get; init; } = [];
}
