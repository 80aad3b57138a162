using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>How much each field matters for the objective, over the runs that were finished.</summary>
public sealed record SweepImportance
{
    /// <summary>The objective.</summary>
    public required string Objective { get; init; }

    /// <summary>Finished runs.</summary>
    public int Runs { get; init; }

    /// <summary>Runs that are needed.</summary>
    [JsonPropertyName("needed")]
    public int RequiredRuns { get; init; }

    /// <summary>How it is computed, or how many runs are missing, in one sentence.</summary>
    [JsonPropertyName("sentence")]
    public required string Note { get; init; }

    /// <summary>Fields, the most important first; empty while runs are missing.</summary>
    public IReadOnlyList<FieldImportance> Fields { get; init; } = [];
}

/// <summary>How much one field matters.</summary>
/// <param name="Field">The field.</param>
/// <param name="Share">Share of the objective's variance that lies between groups of the field's values, corrected for chance, in [0, 1].</param>
/// <param name="Correlation">Spearman's rank correlation with the objective; null where values have no order, or are all the same.</param>
/// <param name="Groups">Groups that were compared.</param>
public sealed record FieldImportance(string Field, double Share, double? Correlation, int Groups);
