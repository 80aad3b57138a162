using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Experiments.Studies;

/// <summary>States of a study.</summary>
public enum StudyState
{
    /// <summary>Runs are queued or running.</summary>
    Running,

    /// <summary>All runs have ended, and every method has a result.</summary>
    Completed,

    /// <summary>It cannot continue: a method has no completed run.</summary>
    Failed,

    /// <summary>Cancelled on request.</summary>
    Cancelled,
}

/// <summary>Stages of a study.</summary>
public enum StudyStage
{
    /// <summary>Hyper-parameter selection: a cell of a grid, evaluated on the selection split.</summary>
    Selection,

    /// <summary>Evaluated on the reported split, for tables, figures and claims.</summary>
    Reported,
}

/// <summary>Position of a selected value in its grid.</summary>
public enum GridPosition
{
    /// <summary>Smaller and larger values were tried too.</summary>
    Inside,

    /// <summary>Inside after the grid was extended: it was at the edge before.</summary>
    InsideAfterExtension,

    /// <summary>At the edge, even after the extension: a better value may lie beyond.</summary>
    AtEdge,
}

/// <summary>A study as returned by the API.</summary>
public sealed record StudyDocument
{
    /// <summary>Schema version of this document.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Short sortable id.</summary>
    public required string Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>Free text.</summary>
    public string? Notes { get; init; }

    /// <summary>State of the study.</summary>
    public StudyState State { get; init; }

    /// <summary>Why it failed and what to do about it; null: it has not.</summary>
    public string? Error { get; init; }

    /// <summary>The plan with its defaults filled in.</summary>
    public required StudyPlan Plan { get; init; }

    /// <summary>Id of the task that its dataset is for; that of datasets that name none until a run has started.</summary>
    public string Task { get; init; } = "classification";

    /// <summary>Key of the metric by which it selects and compares: the primary one of its runs.</summary>
    public string Metric { get; init; } = MetricKeys.EvalAccuracy;

    /// <summary>Warnings: failed runs, values at the edge of their grid, missing pairs.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Methods with the values selected for them, in the order of the plan.</summary>
    public IReadOnlyList<StudyArm> Arms { get; init; } = [];

    /// <summary>Runs of the study in order of creation.</summary>
    public IReadOnlyList<StudyRun> Runs { get; init; } = [];

    /// <summary>Number of planned runs, including those of later stages.</summary>
    public int PlannedRuns { get; init; }

    /// <summary>Estimated seconds remaining, from the timing of completed runs; null until there is one.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>Testable statements of the paper with their verdicts.</summary>
    public IReadOnlyList<StudyClaim> Claims { get; init; } = [];

    /// <summary>Tables over the runs so far.</summary>
    public IReadOnlyList<StudyTable> Tables { get; init; } = [];

    /// <summary>Figures of the study.</summary>
    public IReadOnlyList<StudyFigure> Figures { get; init; } = [];

    /// <summary>Creation, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>End, UTC; null: it has not ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>A run of a study.</summary>
public sealed record StudyRun
{
    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>Method id, or the <c>arm</c> of the plan's entry.</summary>
    public required string Method { get; init; }

    /// <summary>Stage of the run.</summary>
    public StudyStage Stage { get; init; }

    /// <summary>Values from the grid, by field.</summary>
    public JsonObject Settings { get; init; } = [];

    /// <summary>Seed k.</summary>
    public long Seed { get; init; }

    /// <summary>Whether its cell was added beyond the edge of the grid.</summary>
    public bool Extension { get; init; }

    /// <summary>State of the run; a deleted run keeps its final state.</summary>
    public RunState State { get; init; }

    /// <summary>Why the run ended.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>Error in one sentence; null: none.</summary>
    public string? Error { get; init; }

    /// <summary>Completed optimizer steps.</summary>
    public int Step { get; init; }

    /// <summary>Total optimizer steps.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Metrics of the latest evaluation, by key.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Key of the metric by which the study selects and compares: the primary one of the run.</summary>
    public string PrimaryMetric { get; init; } = MetricKeys.EvalAccuracy;

    /// <summary>That metric at the latest evaluation.</summary>
    public double? Result => Metric(PrimaryMetric);

    /// <summary>Accuracy of the latest evaluation; null if the task has none.</summary>
    public double? Accuracy => Metric(MetricKeys.EvalAccuracy);

    /// <summary>Macro-F1 of the latest evaluation.</summary>
    public double? MacroF1 => Metric(MetricKeys.EvalMacroF1);

    /// <summary>A metric of the latest evaluation; null: it has none.</summary>
    public double? Metric(string key) => Metrics.TryGetValue(key, out double value) ? value : null;

    /// <summary>Returns it with the state and the results of its run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="primaryMetric">Key of its primary metric.</param>
    public StudyRun With(RunDocument run, string primaryMetric)
    {
        ArgumentNullException.ThrowIfNull(run);
        return this with
        {
            State = run.State,
            EndReason = run.EndReason,
            Error = run.Error,
            Step = run.Progress.Step,
            TotalSteps = run.Progress.TotalSteps,
            PrimaryMetric = primaryMetric,
            Metrics = run.Summary.LastEvaluation(),
        };
    }
}

/// <summary>A method of a study and the values selected for it.</summary>
public sealed record StudyArm
{
    /// <summary>Method id, or the <c>arm</c> of the plan's entry.</summary>
    public required string Method { get; init; }

    /// <summary>Display name.</summary>
    public required string Label { get; init; }

    /// <summary>Color in every figure, <c>#rrggbb</c>.</summary>
    public required string Color { get; init; }

    /// <summary>Cells evaluated on the selection split, best first; unfinished ones last.</summary>
    public IReadOnlyList<StudyCell> Cells { get; init; } = [];

    /// <summary>Values of the selected cell, whose runs are reported; null: not selected yet, or no selection.</summary>
    public JsonObject? Selected { get; init; }

    /// <summary>Position of the selected learning rate in its grid.</summary>
    [JsonPropertyName("place")]
    public GridPosition? Position { get; init; }
}

/// <summary>A cell of a grid.</summary>
/// <param name="Settings">Values by field.</param>
/// <param name="RunId">Its run.</param>
/// <param name="Accuracy">Accuracy of the last evaluation on the selection split; null: unfinished, or the task has none.</param>
/// <param name="Loss">Loss of that evaluation; breaks ties, lower wins.</param>
/// <param name="Extension">True if the cell was added because the best one was at the edge of the grid.</param>
public sealed record StudyCell(JsonObject Settings, string RunId, double? Accuracy, double? Loss, bool Extension)
{
    /// <summary>The study's metric of that evaluation; null: unfinished.</summary>
    public double? Result
    {
        get => field ?? Accuracy;
        init;
    }
}
