using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Compare;

/// <summary>
/// Every pair of runs on the rows of their last evaluation: the exact two-sided McNemar test. It says something about two
/// checkpoints; about two methods only seeds do.
/// </summary>
public sealed record PairedTests
{
    /// <summary>What is compared.</summary>
    public string Label { get; init; } = "two checkpoints";

    /// <summary>The test in words.</summary>
    public string Test { get; init; } = "exact two-sided McNemar test, Holm over all tested pairs";

    /// <summary>Pairs that were tested; Holm's adjustment is over these.</summary>
    public int Tested { get; init; }

    /// <summary>One for each pair of runs, in the order of the rows.</summary>
    public IReadOnlyList<PairedTest> Pairs { get; init; } = [];
}

/// <summary>Two runs on the same rows.</summary>
public sealed record PairedTest
{
    /// <summary>Id of the first run.</summary>
    public required string RunA { get; init; }

    /// <summary>Id of the second run.</summary>
    public required string RunB { get; init; }

    /// <summary>Why there is no test, in one sentence; null: it was made.</summary>
    [JsonPropertyName("refused")]
    public string? NotTestedReason { get; init; }

    /// <summary>Ids of the runs that the reason is about; empty where it is about both alike.</summary>
    [JsonPropertyName("refusedFor")]
    public IReadOnlyList<string> NotTestedRuns { get; init; } = [];

    /// <summary>Rows that both were evaluated on.</summary>
    public int? Rows { get; init; }

    /// <summary>Rows that only the first got right.</summary>
    public int? B { get; init; }

    /// <summary>Rows that only the second got right.</summary>
    public int? C { get; init; }

    /// <summary>Accuracy of the first minus that of the second: (b − c) / rows.</summary>
    public double? Difference { get; init; }

    /// <summary>p = min(1, 2·P(X ≤ min(b, c))), X ~ Bin(b + c, ½); 1 where b + c = 0.</summary>
    public double? P { get; init; }

    /// <summary>p after Holm's adjustment over all tested pairs.</summary>
    public double? HolmP { get; init; }

    /// <summary>Fields of <see cref="CompareDocument.Factors"/> in which these two differ.</summary>
    public IReadOnlyList<string> Factors { get; init; } = [];
}
