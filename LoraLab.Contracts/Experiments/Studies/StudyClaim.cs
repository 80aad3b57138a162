using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>A sentence of the paper that can be tested, and what the study's runs say of it.</summary>
public sealed record StudyClaim
{
    /// <summary>Fixed id, for example <c>best-ratio</c>.</summary>
    public required string Id { get; init; }

    /// <summary>What the paper says.</summary>
    public required string Statement { get; init; }

    /// <summary>What the runs say of it.</summary>
    public ClaimVerdict Verdict { get; init; }

    /// <summary>One sentence for the verdict, with its figures; begins with "on model, data:" where weights or data are not the paper's.</summary>
    [JsonPropertyName("reading")]
    public required string Finding { get; init; }

    /// <summary>False where weights or data are not the paper's: then the verdict says nothing about the paper.</summary>
    [JsonPropertyName("onPaper")]
    public bool MatchesPaper { get; init; }

    /// <summary>What is compared, and in which unit.</summary>
    public required string Quantity { get; init; }

    /// <summary>How much it must differ, or may at most.</summary>
    public required string Margin { get; init; }

    /// <summary>Runs without which there is no verdict.</summary>
    public required string MinimumEvidence { get; init; }

    /// <summary>The figures behind the reading.</summary>
    public IReadOnlyList<ClaimEvidence> Evidence { get; init; } = [];

    /// <summary>Runs that were read.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];
}

/// <summary>What the runs say of a claim.</summary>
public enum ClaimVerdict
{
    /// <summary>The runs that it needs are not there.</summary>
    NotRun,

    /// <summary>There are runs, but not the evidence that a verdict needs, or it does not decide.</summary>
    Inconclusive,

    /// <summary>The runs show it.</summary>
    Supported,

    /// <summary>The runs show the contrary, or show that there is no such difference.</summary>
    NotSupported,
}

/// <summary>One figure behind a claim.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Value">The figure; null: it could not be computed.</param>
/// <param name="Low">Lower end of its interval; null: it has none.</param>
/// <param name="High">Upper end.</param>
/// <param name="N">Runs or pairs behind it.</param>
/// <param name="P">Adjusted p-value; null: there was no test.</param>
/// <param name="Note">One sentence, for example why there is no figure.</param>
public sealed record ClaimEvidence(string Label, double? Value, double? Low = null, double? High = null, int? N = null, double? P = null, string? Note = null);
