using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Runs;

/// <summary>A page of run documents.</summary>
/// <param name="Items">The documents.</param>
/// <param name="NextCursor">Cursor of the next page; null: last page.</param>
/// <param name="Total">Number of matching documents.</param>
public sealed record RunList(IReadOnlyList<RunDocument> Items, string? NextCursor, int Total);

/// <summary>The queue: running runs, and a page of the queued ones.</summary>
public sealed record QueueDocument
{
    /// <summary>True if no new runs are started.</summary>
    public bool Paused { get; init; }

    /// <summary>Runs being executed.</summary>
    public IReadOnlyList<RunDocument> Running { get; init; } = [];

    /// <summary>
    /// Queued runs, next first: a page of them, whose first run has the <c>queuePosition</c> 1 + <c>offset</c>.
    /// </summary>
    public IReadOnlyList<RunDocument> Queued { get; init; } = [];

    /// <summary>Number of all queued runs.</summary>
    public int Total { get; init; }

    /// <summary>Number of queued runs before the page.</summary>
    public int Offset { get; init; }

    /// <summary>Cursor of the next page; null: last page.</summary>
    public string? NextCursor { get; init; }
}

/// <summary>Changes to the queue.</summary>
/// <param name="Paused">True to stop starting new runs.</param>
public sealed record QueuePatch(bool Paused);

/// <summary>A move of a queued run.</summary>
/// <param name="RunId">The run to move.</param>
/// <param name="Position"><c>top</c>, <c>bottom</c>, <c>up</c> or <c>down</c>; null when <paramref name="Before"/> is given.</param>
/// <param name="Before">Id of the queued run to move it in front of.</param>
public sealed record QueueMove(
    string RunId,
    [property: AllowedValues("top", "bottom", "up", "down", null)] string? Position = null,
    string? Before = null);

/// <summary>Changes to a run's description; absent members are left unchanged.</summary>
public sealed record RunPatch
{
    /// <summary>New display name.</summary>
    [StringLength(TextLimits.Name, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>New notes.</summary>
    [StringLength(TextLimits.Notes)]
    public string? Notes { get; init; }

    /// <summary>New tags.</summary>
    [MaxLength(TextLimits.Tags), StringLength(TextLimits.Tag, MinimumLength = 1)]
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>New priority.</summary>
    [Range(-TextLimits.Priority, TextLimits.Priority)]
    public int? Priority { get; init; }
}

/// <summary>Response to the dry run of a submission.</summary>
public sealed record DryRunResult
{
    /// <summary>The specification with its defaults filled in.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Name of the run.</summary>
    public required string Name { get; init; }

    /// <summary>Warnings.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Total optimizer steps.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Trainable parameters.</summary>
    public long TrainableParameters { get; init; }

    /// <summary>Number of training rows used.</summary>
    public int TrainRows { get; init; }

    /// <summary>Number of evaluation rows used.</summary>
    public int EvalRows { get; init; }

    /// <summary>Estimated seconds from its start to its end, without early stopping; null: no similar run has completed.</summary>
    public double? Seconds { get; init; }

    /// <summary>What the estimate is based on, or why there is none, in one sentence.</summary>
    public string? SecondsBasis { get; init; }

    /// <summary>
    /// When it would start if it were queued now, UTC; null: unknown, because the time of a run before it is, or because the queue is
    /// paused.
    /// </summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Number of queued runs before it.</summary>
    public int RunsBefore { get; init; }

    /// <summary>Runs of the same specification, but for its name, notes, tags and priority, the latest first, at most ten.</summary>
    public IReadOnlyList<SameRun> SameRuns { get; init; } = [];
}

/// <summary>A run of the same specification.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">Its state.</param>
public sealed record SameRun(string Id, string Name, RunState State);

/// <summary>What a clone of a run starts from.</summary>
/// <param name="Spec">Its specification: values that the run's left open (null or auto) are open again.</param>
/// <param name="Used">The values of the open fields as the run used them, as text.</param>
public sealed record CloneTemplate(RunSpec Spec, IReadOnlyDictionary<string, string> Used);
