using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>How a study evaluates its grids.</summary>
public enum StudySelection
{
    /// <summary>
    /// Every cell runs once on the selection split (<c>evalSplit</c> <c>selection</c>); the best cell of each method then runs with every
    /// seed and is evaluated on the reported split.
    /// </summary>
    SelectionSplit,

    /// <summary>Every cell runs with every seed on the reported split, to show curves; nothing is selected.</summary>
    None,
}

/// <summary>A part of a fair comparison: what its methods have in common.</summary>
public enum StudyPart
{
    /// <summary>As many trainable parameters as the ranks allow: each method has the rank that comes nearest the budget.</summary>
    EqualParameters,

    /// <summary>The rank of the protocol.</summary>
    EqualRank,
}

/// <summary>
/// A study: methods with their grids, and seeds, under a shared protocol. The same JSON in <c>POST /studies</c>, in
/// <c>samples/studies/*.json</c>, in the form and in the stored document. A plan with a <c>template</c> inherits
/// every field that it omits.
/// </summary>
public sealed record StudyPlan
{
    /// <summary>Maximum number of seeds.</summary>
    public const int MaximumSeeds = 100;

    /// <summary>Schema version of this document.</summary>
    [Range(1, 1)]
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Display name, unique among studies; null: generated from template, size and model.</summary>
    [StringLength(TextLimits.StudyName, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>Free text, shown as text.</summary>
    [StringLength(TextLimits.Notes)]
    public string? Notes { get; init; }

    /// <summary>A built-in study, for example <c>better-call-lora</c>; null: the plan is complete.</summary>
    public string? Template { get; init; }

    /// <summary>Size of the template, for example <c>smoke</c>, <c>figure-1</c> or <c>full</c>.</summary>
    public string? Size { get; init; }

    /// <summary>Model of every run.</summary>
    public string? Model { get; init; }

    /// <summary>Dataset of every run.</summary>
    public string? Dataset { get; init; }

    /// <summary>Scale of ranks and learning rates: <c>tinyllama</c> or <c>toy</c>; null: chosen from the model's hidden size.</summary>
    public string? Profile { get; init; }

    /// <summary>Seeds k: run k of every method has <c>seed</c> = <c>orderSeed</c> = k, so that runs are paired by k. Distinct.</summary>
    [MinLength(1), MaxLength(MaximumSeeds), Range(typeof(long), "0", "9223372036854775807")]
    public IReadOnlyList<long>? Seeds { get; init; }

    /// <summary>The shared protocol: specification fields of all runs, overriding those of the template.</summary>
    [DescribedAs(typeof(RunSpecChanges))]
    public JsonObject? Spec { get; init; }

    /// <summary>Where grids are evaluated; null: <c>selectionSplit</c>.</summary>
    public StudySelection? Selection { get; init; }

    /// <summary>Methods to compare.</summary>
    [MinLength(1)]
    public IReadOnlyList<StudyMethod>? Methods { get; init; }

    /// <summary>
    /// Trainable parameters that every method of template <c>methods-2026</c> comes nearest with a rank of its own; null: those of the
    /// first method at the rank of <c>spec</c>.
    /// </summary>
    [Range(1, long.MaxValue)]
    public long? ParameterBudget { get; init; }
}

/// <summary>A method of a study and its grid.</summary>
public sealed record StudyMethod
{
    /// <summary>Method id.</summary>
    public required string Method { get; init; }

    /// <summary>
    /// Distinguishes it from other entries of the plan with the same method: small letters, digits and hyphens; null: the method id.
    /// </summary>
    [StringLength(40, MinimumLength = 1)]
    public string? Arm { get; init; }

    /// <summary>The parts of a fair comparison that it belongs to; null: none, or those that the template chooses.</summary>
    public IReadOnlyList<StudyPart>? Parts { get; init; }

    /// <summary>Whether the method has no rank, so that it runs as it is in every part; null: it has one.</summary>
    public bool? WithoutRank { get; init; }

    /// <summary>Specification fields of this method's runs only.</summary>
    [DescribedAs(typeof(RunSpecChanges))]
    public JsonObject? Spec { get; init; }

    /// <summary>
    /// Values to try, by field of the run specification; every combination is run. Null or empty: nothing is searched.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<JsonNode>>? Grid { get; init; }

    /// <summary>What runs, tables and figures of the study call it.</summary>
    [JsonIgnore]
    public string Key => Arm ?? Method;
}
