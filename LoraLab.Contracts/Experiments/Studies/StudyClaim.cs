using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>Verdict on a claim.</summary>
public enum ClaimVerdict
{
    /// <summary>The required runs do not exist.</summary>
    NotRun,

    /// <summary>There are runs, but the evidence is insufficient or undecided.</summary>
    Inconclusive,

    /// <summary>The runs support the claim.</summary>
    Supported,

    /// <summary>The runs show the opposite, or that there is no such difference.</summary>
    NotSupported,
}

/// <summary>A testable statement of the paper and the study's verdict on it.</summary>
public sealed record StudyClaim
{
    /// <summary>Fixed id, for example <c>best-ratio</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The paper's statement.</summary>
    public required string Statement { get; init; }

    /// <summary>The verdict.</summary>
    public ClaimVerdict Verdict { get; init; }

    /// <summary>
    /// The verdict and its figures in one sentence; begins with "on model, data:" if the weights or data are not the paper's.
    /// </summary>
    [JsonPropertyName("reading")]
    public required string Finding { get; init; }

    /// <summary>False if the weights or data are not the paper's; the verdict then does not apply to the paper.</summary>
    [JsonPropertyName("onPaper")]
    public bool MatchesPaper { get; init; }

    /// <summary>The quantity compared, with its unit.</summary>
    public required string Quantity { get; init; }

    /// <summary>Required or maximum allowed difference.</summary>
    public required string Margin { get; init; }

    /// <summary>Runs required for a verdict.</summary>
    public required string MinimumEvidence { get; init; }

    /// <summary>The figures behind the finding.</summary>
    public IReadOnlyList<ClaimEvidence> Evidence { get; init; } = [];

    /// <summary>Ids of the runs considered.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];
}

/// <summary>A figure behind a claim.</summary>
/// <param name="Label">Quantity.</param>
/// <param name="Value">Its value; null: it could not be computed.</param>
/// <param name="Low">Lower bound of its interval; null: none.</param>
/// <param name="High">Upper bound.</param>
/// <param name="N">Number of runs or pairs behind it.</param>
/// <param name="P">Adjusted p-value; null: not tested.</param>
/// <param name="Note">Note in one sentence, for example why there is no value.</param>
public sealed record ClaimEvidence(
    string Label, double? Value, double? Low = null, double? High = null, int? N = null, double? P = null, string? Note = null);
