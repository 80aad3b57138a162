using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>A sweep as the API shows it.</summary>
public sealed record SweepDocument
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
    public SweepState State { get; init; }

    /// <summary>Why it failed, and what to do; null otherwise.</summary>
    public string? Error { get; init; }

    /// <summary>The plan with everything that was left out filled in.</summary>
    public required SweepPlan Plan { get; init; }

    /// <summary>Things worth knowing about the plan.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Steps at which runs are halved, the last step not counted; empty without halving.</summary>
    public IReadOnlyList<int> Rungs { get; init; } = [];

    /// <summary>Runs in all, those that are not chosen yet included.</summary>
    public int PlannedRuns { get; init; }

    /// <summary>Runs by what became of them.</summary>
    public SweepCounts Counts { get; init; } = new();

    /// <summary>Seconds to the end by the pace of runs that are done; null until there is one.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>The best run that was finished; null until there is one.</summary>
    public SweepBest? Best { get; init; }

    /// <summary>Points in the order in which they were chosen; empty in lists.</summary>
    public IReadOnlyList<SweepTrial> Trials { get; init; } = [];

    /// <summary>Submission time, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>End, UTC; null while it has not ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>Where a sweep is in its life.</summary>
public enum SweepState
{
    /// <summary>Runs are chosen, queued and watched.</summary>
    Running,

    /// <summary>Nothing is started; what ran was stopped with a checkpoint and goes on when the sweep is resumed.</summary>
    Paused,

    /// <summary>Every run has ended.</summary>
    Completed,

    /// <summary>No run gave a result, or one could not be created.</summary>
    Failed,

    /// <summary>Somebody ended it.</summary>
    Cancelled,
}

/// <summary>Runs of a sweep by what became of them.</summary>
public sealed record SweepCounts
{
    /// <summary>Not chosen yet, or chosen and not queued yet.</summary>
    public int Planned { get; init; }

    /// <summary>In the queue.</summary>
    public int Queued { get; init; }

    /// <summary>Preparing, running or being stopped.</summary>
    public int Running { get; init; }

    /// <summary>Ran to the end.</summary>
    public int Completed { get; init; }

    /// <summary>Stopped by the sweep's rule; halving may let them go on.</summary>
    public int Pruned { get; init; }

    /// <summary>Failed.</summary>
    public int Failed { get; init; }

    /// <summary>Cancelled, by a person or with the sweep, or deleted.</summary>
    public int Cancelled { get; init; }
}

/// <summary>A point of the space and the run that tries it.</summary>
public sealed record SweepTrial
{
    /// <summary>1 for the first.</summary>
    public int Number { get; init; }

    /// <summary>Value of each field of the space.</summary>
    public required JsonObject Values { get; init; }

    /// <summary>Its run; null: not queued yet, or deleted.</summary>
    public string? RunId { get; init; }

    /// <summary>Its run's name; null likewise.</summary>
    public string? RunName { get; init; }

    /// <summary>Its run's state; null likewise.</summary>
    public RunState? State { get; init; }

    /// <summary>Why its run ended; null while it has not.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>Its run's step.</summary>
    public int Step { get; init; }

    /// <summary>The objective at its run's last evaluation; null until there is one, or where it is not finite.</summary>
    public double? Value { get; init; }

    /// <summary>The rungs that it passed; 0 without halving.</summary>
    public int RungsPassed { get; init; }
}

/// <summary>The best finished run of a sweep.</summary>
public sealed record SweepBest
{
    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>Its name.</summary>
    public required string RunName { get; init; }

    /// <summary>Value of each field of the space.</summary>
    public required JsonObject Values { get; init; }

    /// <summary>The objective at its last evaluation.</summary>
    public double Value { get; init; }

    /// <summary>Its accuracy at that evaluation with the 95 % Wilson interval.</summary>
    public ProportionEstimate? Accuracy { get; init; }

    /// <summary>Runs of which it is the best.</summary>
    [JsonPropertyName("of")]
    public int Candidates { get; init; }

    /// <summary>Runs that the interval of the best does not tell from it: theirs contains its accuracy.</summary>
    [JsonPropertyName("notTold")]
    public int Indistinguishable { get; init; }

    /// <summary>On which rows it was chosen, and what that means.</summary>
    [JsonPropertyName("sentence")]
    public required string Note { get; init; }
}

/// <summary>Sweeps, newest first, without their trials.</summary>
/// <param name="Items">The sweeps.</param>
public sealed record SweepList(IReadOnlyList<SweepDocument> Items);

/// <summary>The runs of a sweep in the order of its trials.</summary>
/// <param name="Items">Run documents.</param>
public sealed record SweepRuns(IReadOnlyList<RunDocument> Items);
