using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>
/// A study: methods, the grid of each, and seeds under one protocol. The same JSON in <c>POST /studies</c>, in
/// <c>samples/studies/*.json</c>, in the form and in the stored document. A plan that names a <see cref="Template"/> takes from it
/// whatever it leaves out.
/// </summary>
public sealed record StudyPlan
{
    /// <summary>Version of this document's shape.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Display name; no two studies have the same. Null: made from template, size and model.</summary>
    public string? Name { get; init; }

    /// <summary>Free text, shown as text.</summary>
    public string? Notes { get; init; }

    /// <summary>A built-in study, for example <c>better-call-lora</c>; null: this plan is whole.</summary>
    public string? Template { get; init; }

    /// <summary>Size of the template, for example <c>smoke</c>, <c>figure-1</c> or <c>full</c>.</summary>
    public string? Size { get; init; }

    /// <summary>Model of every run.</summary>
    public string? Model { get; init; }

    /// <summary>Data set of every run.</summary>
    public string? Dataset { get; init; }

    /// <summary>Scale of ranks and rates: <c>tinyllama</c> or <c>toy</c>; null: proposed from the model's hidden size.</summary>
    public string? Profile { get; init; }

    /// <summary>Seeds k: run k of every method has <c>seed</c> = <c>orderSeed</c> = k, so that runs pair by k. None twice.</summary>
    public IReadOnlyList<long>? Seeds { get; init; }

    /// <summary>The shared protocol: fields of the run specification that all runs have, over those of the template.</summary>
    public JsonObject? Spec { get; init; }

    /// <summary>Where grids are evaluated; null: <see cref="StudySelection.SelectionSplit"/>.</summary>
    public StudySelection? Selection { get; init; }

    /// <summary>The methods that are compared.</summary>
    public IReadOnlyList<StudyMethod>? Methods { get; init; }
}

/// <summary>A method of a study, and what is tried for it.</summary>
public sealed record StudyMethod
{
    /// <summary>Method id.</summary>
    public required string Method { get; init; }

    /// <summary>Fields of the specification that only this method's runs have.</summary>
    public JsonObject? Spec { get; init; }

    /// <summary>
    /// Values of each field that is tried (names of the run specification); runs are made for every combination. Null or empty: there is
    /// nothing to choose.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<JsonNode>>? Grid { get; init; }
}

/// <summary>What a study's grid is evaluated on, and what for.</summary>
public enum StudySelection
{
    /// <summary>
    /// Every cell is run once on the selection split (<c>evalSplit</c> <c>selection</c>); the best cell of each method is then run with every
    /// seed and evaluated on the reported split.
    /// </summary>
    SelectionSplit,

    /// <summary>Every cell is run with every seed on the reported split, to show curves; nothing is chosen from them.</summary>
    None,
}
