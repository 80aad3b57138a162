using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>Hyper-parameter importance over the completed runs.</summary>
public sealed record SweepImportance
{
    /// <summary>The objective.</summary>
    public required string Objective { get; init; }

    /// <summary>Number of completed runs.</summary>
    public int Runs { get; init; }

    /// <summary>Number of completed runs required.</summary>
    [JsonPropertyName("needed")]
    public int RequiredRuns { get; init; }

    /// <summary>The computation, or the number of missing runs, in one sentence.</summary>
    [JsonPropertyName("sentence")]
    public required string Note { get; init; }

    /// <summary>Fields, most important first; empty while runs are missing.</summary>
    public IReadOnlyList<FieldImportance> Fields { get; init; } = [];
}

/// <summary>Importance of a field.</summary>
/// <param name="Field">The field.</param>
/// <param name="Share">Share of the objective's variance between groups of the field's values, corrected for chance, in [0, 1].</param>
/// <param name="Correlation">Spearman's rank correlation with the objective; null if the values are unordered or all equal.</param>
/// <param name="Groups">Number of groups compared.</param>
public sealed record FieldImportance(string Field, double Share, double? Correlation, int Groups);
