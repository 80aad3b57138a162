using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>A study as the API shows it.</summary>
public sealed record StudyDocument
{
    /// <summary>Version of this document's shape.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Short sortable id.</summary>
    public required string Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>Free text.</summary>
    public string? Notes { get; init; }

    /// <summary>Where it is in its life.</summary>
    public StudyState State { get; init; }

    /// <summary>Why it failed, and what to do; null otherwise.</summary>
    public string? Error { get; init; }

    /// <summary>The plan with everything that was left out filled in.</summary>
    public required StudyPlan Plan { get; init; }

    /// <summary>Things worth knowing: what failed, what is at the edge of its grid, what was not paired.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Methods with what was chosen for them, in the plan's order.</summary>
    public IReadOnlyList<StudyArm> Arms { get; init; } = [];

    /// <summary>Every run of the study, in the order of creation.</summary>
    public IReadOnlyList<StudyRun> Runs { get; init; } = [];

    /// <summary>Runs that are planned, those of later stages included.</summary>
    public int PlannedRuns { get; init; }

    /// <summary>Seconds to the end by the pace of runs that are done; null until there is one.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>Sentences of the paper that can be tested, and what the runs say of them.</summary>
    public IReadOnlyList<StudyClaim> Claims { get; init; } = [];

    /// <summary>Tables over the runs so far.</summary>
    public IReadOnlyList<StudyTable> Tables { get; init; } = [];

    /// <summary>Figures that can be drawn.</summary>
    public IReadOnlyList<StudyFigure> Figures { get; init; } = [];

    /// <summary>Creation, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>End, UTC; null while it has not ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>States of a study.</summary>
public enum StudyState
{
    /// <summary>Runs of it are waiting or running.</summary>
    Running,

    /// <summary>All runs have ended, and each method has a result.</summary>
    Completed,

    /// <summary>It cannot go on: a method has no run that finished.</summary>
    Failed,

    /// <summary>Somebody cancelled it.</summary>
    Cancelled,
}

/// <summary>Stage of a study that a run belongs to.</summary>
public enum StudyStage
{
    /// <summary>A cell of a grid, evaluated on the selection split: for choosing.</summary>
    Selection,

    /// <summary>Evaluated on the reported split: for tables, figures and claims.</summary>
    Reported,
}

/// <summary>One run of a study.</summary>
public sealed record StudyRun
{
    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>Method id.</summary>
    public required string Method { get; init; }

    /// <summary>What it is for.</summary>
    public StudyStage Stage { get; init; }

    /// <summary>The grid's values that it has, by field.</summary>
    public JsonObject Settings { get; init; } = [];

    /// <summary>Seed k.</summary>
    public long Seed { get; init; }

    /// <summary>Where the run is; a run that was deleted is shown as it ended.</summary>
    public RunState State { get; init; }

    /// <summary>Why it ended.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>One sentence on what went wrong; null when nothing did.</summary>
    public string? Error { get; init; }

    /// <summary>Optimizer steps done.</summary>
    public int Step { get; init; }

    /// <summary>Optimizer steps in all.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Accuracy of the last evaluation so far.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Macro-F1 of the last evaluation so far.</summary>
    public double? MacroF1 { get; init; }
}

/// <summary>A method of a study and what was chosen for it.</summary>
public sealed record StudyArm
{
    /// <summary>Method id.</summary>
    public required string Method { get; init; }

    /// <summary>Name for people.</summary>
    public required string Label { get; init; }

    /// <summary>Colour in every figure, as <c>#rrggbb</c>.</summary>
    public required string Color { get; init; }

    /// <summary>The cells that were tried on the selection split, best first; those that have not ended last.</summary>
    public IReadOnlyList<StudyCell> Cells { get; init; } = [];

    /// <summary>The cell whose runs are reported; null until it is chosen, and where nothing is chosen.</summary>
    public JsonObject? Selected { get; init; }

    /// <summary>Where the chosen rate lies in its grid.</summary>
    [JsonPropertyName("place")]
    public GridPosition? Position { get; init; }
}

/// <summary>A cell of a grid.</summary>
/// <param name="Settings">Its values, by field.</param>
/// <param name="RunId">Its run.</param>
/// <param name="Accuracy">Accuracy at its last evaluation on the selection split; null: it has not finished.</param>
/// <param name="Loss">Evaluation loss there: among cells of the same accuracy the lower one is chosen.</param>
/// <param name="Extension">The cell was added because the best one lay at the edge of the grid.</param>
public sealed record StudyCell(JsonObject Settings, string RunId, double? Accuracy, double? Loss, bool Extension);

/// <summary>Where a chosen value lies in its grid.</summary>
public enum GridPosition
{
    /// <summary>Smaller and larger values were tried too.</summary>
    Inside,

    /// <summary>It was at the edge, the grid was extended beyond it, and it now lies inside.</summary>
    InsideAfterExtension,

    /// <summary>At the edge, also after the extension: a better value may lie beyond.</summary>
    AtEdge,
}
