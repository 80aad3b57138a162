using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>States of a sweep.</summary>
public enum SweepState
{
    /// <summary>Runs are sampled, queued and monitored.</summary>
    Running,

    /// <summary>No runs are started; running ones were stopped at a checkpoint and continue when the sweep is resumed.</summary>
    Paused,

    /// <summary>Every run has ended.</summary>
    Completed,

    /// <summary>No run produced a result, or a run could not be created.</summary>
    Failed,

    /// <summary>Cancelled on request.</summary>
    Cancelled,
}

/// <summary>A sweep as returned by the API.</summary>
public sealed record SweepDocument
{
    /// <summary>Schema version of this document.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Short sortable id.</summary>
    public required string Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>Free text.</summary>
    public string? Notes { get; init; }

    /// <summary>State of the sweep.</summary>
    public SweepState State { get; init; }

    /// <summary>Why it failed and what to do about it; null: it has not.</summary>
    public string? Error { get; init; }

    /// <summary>The plan with its defaults filled in.</summary>
    public required SweepPlan Plan { get; init; }

    /// <summary>Warnings about the plan.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Rungs of successive halving, without the last step; empty without halving.</summary>
    public IReadOnlyList<int> Rungs { get; init; } = [];

    /// <summary>Total number of runs, including those not sampled yet.</summary>
    public int PlannedRuns { get; init; }

    /// <summary>Number of runs by status.</summary>
    public SweepCounts Counts { get; init; } = new();

    /// <summary>Estimated seconds remaining, from the timing of completed runs; null until there is one.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>The best completed run; null until there is one.</summary>
    public SweepBest? Best { get; init; }

    /// <summary>Trials in the order of sampling; empty in lists.</summary>
    public IReadOnlyList<SweepTrial> Trials { get; init; } = [];

    /// <summary>Submission time, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>End, UTC; null: it has not ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>Number of runs of a sweep by status.</summary>
public sealed record SweepCounts
{
    /// <summary>Not sampled or not queued yet.</summary>
    public int Planned { get; init; }

    /// <summary>In the queue.</summary>
    public int Queued { get; init; }

    /// <summary>Preparing, running or cancelling.</summary>
    public int Running { get; init; }

    /// <summary>Ran to the end.</summary>
    public int Completed { get; init; }

    /// <summary>Stopped by the sweep's pruner; halving may resume them.</summary>
    public int Pruned { get; init; }

    /// <summary>Failed.</summary>
    public int Failed { get; init; }

    /// <summary>Cancelled by a user or with the sweep, or deleted.</summary>
    public int Cancelled { get; init; }
}

/// <summary>A point of the search space and the run that evaluates it.</summary>
public sealed record SweepTrial
{
    /// <summary>1 for the first.</summary>
    public int Number { get; init; }

    /// <summary>Values by field of the search space.</summary>
    public required JsonObject Values { get; init; }

    /// <summary>Id of its run; null: not queued yet, or deleted.</summary>
    public string? RunId { get; init; }

    /// <summary>Name of its run; null: not queued yet, or deleted.</summary>
    public string? RunName { get; init; }

    /// <summary>State of its run; null: not queued yet, or deleted.</summary>
    public RunState? State { get; init; }

    /// <summary>Why its run ended; null: it has not.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>Completed optimizer steps of its run.</summary>
    public int Step { get; init; }

    /// <summary>Objective at the last evaluation of its run; null: none yet, or not finite.</summary>
    public double? Value { get; init; }

    /// <summary>Number of rungs passed; 0 without halving.</summary>
    public int RungsPassed { get; init; }
}

/// <summary>The best completed run of a sweep.</summary>
public sealed record SweepBest
{
    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>Name of the run.</summary>
    public required string RunName { get; init; }

    /// <summary>Values by field of the search space.</summary>
    public required JsonObject Values { get; init; }

    /// <summary>Objective at its last evaluation.</summary>
    public double Value { get; init; }

    /// <summary>Its accuracy at that evaluation with the 95% Wilson interval.</summary>
    public ProportionEstimate? Accuracy { get; init; }

    /// <summary>Number of completed runs that it was chosen from.</summary>
    [JsonPropertyName("of")]
    public int Candidates { get; init; }

    /// <summary>Number of runs that are statistically indistinguishable from it: their intervals contain its accuracy.</summary>
    [JsonPropertyName("notTold")]
    public int Indistinguishable { get; init; }

    /// <summary>The rows on which it was chosen, and the consequence for its value.</summary>
    [JsonPropertyName("sentence")]
    public required string Note { get; init; }
}

/// <summary>Sweeps, newest first, without their trials.</summary>
/// <param name="Items">The sweeps.</param>
public sealed record SweepList(IReadOnlyList<SweepDocument> Items);

/// <summary>The runs of a sweep in the order of its trials.</summary>
/// <param name="Items">Run documents.</param>
public sealed record SweepRuns(IReadOnlyList<RunDocument> Items);
