using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Compare;

/// <summary>Methods over seeds: completed runs grouped by everything in their specification but the seeds.</summary>
public sealed record MethodComparison
{
    /// <summary>Common seeds from which on two groups are tested.</summary>
    public int MinimumSeeds { get; init; }

    /// <summary>Groups, in the order of their first run.</summary>
    public IReadOnlyList<MethodGroup> Groups { get; init; } = [];

    /// <summary>Pairs of groups that were tested; Holm's adjustment is over these.</summary>
    public int Tested { get; init; }

    /// <summary>One for each pair of groups.</summary>
    public IReadOnlyList<MethodPair> Pairs { get; init; } = [];
}

/// <summary>Runs that differ in their seeds only (and in names, notes, tags, priority, device, microBatch, packTokens and memoryBudgetMb).</summary>
public sealed record MethodGroup
{
    /// <summary>Id within this document.</summary>
    public required string Id { get; init; }

    /// <summary>The method, with the settings that tell it from other groups of the same method.</summary>
    public required string Label { get; init; }

    /// <summary>Method id.</summary>
    public required string Method { get; init; }

    /// <summary>Settings that tell it from other groups of the same method; empty where there is no other.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Settings { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>Ids of its runs, those that do not count included.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];

    /// <summary>Results that count, by seed: runs that ended with the same weights are one result, runs of one seed count as their mean.</summary>
    public IReadOnlyList<SeedResult> Seeds { get; init; } = [];

    /// <summary>Accuracy over the seeds.</summary>
    public required SeedStatistics Accuracy { get; init; }

    /// <summary>Macro-F1 over the seeds; null where a run has none.</summary>
    public SeedStatistics? MacroF1 { get; init; }
}

/// <summary>Result of one seed.</summary>
/// <param name="Seed">Seed of initial values and dropout.</param>
/// <param name="OrderSeed">Seed of the order of the training sentences.</param>
/// <param name="Accuracy">Accuracy of the last evaluation.</param>
/// <param name="MacroF1">Macro-F1 of the last evaluation.</param>
/// <param name="Runs">The runs behind it.</param>
public sealed record SeedResult(long Seed, long? OrderSeed, double Accuracy, double? MacroF1, IReadOnlyList<string> Runs);

/// <summary>A figure over seeds.</summary>
/// <param name="N">Seeds.</param>
/// <param name="Mean">Mean.</param>
/// <param name="StandardDeviation">Sample standard deviation (n − 1); null for one seed.</param>
/// <param name="Low">Lower end of the 95 % t-interval of the mean; null where there is none.</param>
/// <param name="High">Its upper end.</param>
/// <param name="NoIntervalReason">Why there is no interval; null: there is one.</param>
public sealed record SeedStatistics(int N, double Mean, double? StandardDeviation, double? Low, double? High, [property: JsonPropertyName("noInterval")] string? NoIntervalReason);

/// <summary>Two groups, paired by seed.</summary>
public sealed record MethodPair
{
    /// <summary>Id of the first group.</summary>
    public required string GroupA { get; init; }

    /// <summary>Id of the second group.</summary>
    public required string GroupB { get; init; }

    /// <summary>Seeds that both have, S.</summary>
    public int CommonSeeds { get; init; }

    /// <summary>Why there is no test, in one sentence; null: it was made.</summary>
    [JsonPropertyName("refused")]
    public string? NotTestedReason { get; init; }

    /// <summary>Mean over the common seeds of the first's accuracy minus the second's; null without a common seed.</summary>
    public double? Difference { get; init; }

    /// <summary>Sample standard deviation of the differences; null where there is no test.</summary>
    public double? StandardDeviation { get; init; }

    /// <summary>Lower end of the 95 % t-interval of the mean difference; null where there is no test.</summary>
    public double? Low { get; init; }

    /// <summary>Its upper end.</summary>
    public double? High { get; init; }

    /// <summary>t of the paired test.</summary>
    public double? T { get; init; }

    /// <summary>S − 1.</summary>
    public int? DegreesOfFreedom { get; init; }

    /// <summary>Two-sided p.</summary>
    public double? P { get; init; }

    /// <summary>p after Holm's adjustment over all tested pairs of groups.</summary>
    public double? HolmP { get; init; }

    /// <summary>Fields of <see cref="CompareDocument.Factors"/> in which they differ.</summary>
    public IReadOnlyList<string> Factors { get; init; } = [];
}
