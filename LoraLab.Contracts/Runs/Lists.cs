namespace LoraLab.Contracts.Runs;

/// <summary>A page of run documents.</summary>
/// <param name="Items">The documents.</param>
/// <param name="NextCursor">Cursor of the next page; null at the end.</param>
/// <param name="Total">Documents that match.</param>
public sealed record RunList(IReadOnlyList<RunDocument> Items, string? NextCursor, int Total);

/// <summary>The queue: what runs and what waits, in order.</summary>
public sealed record QueueDocument
{
    /// <summary>True when no new run is started.</summary>
    public bool Paused { get; init; }

    /// <summary>Runs that a worker executes.</summary>
    public IReadOnlyList<RunDocument> Running { get; init; } = [];

    /// <summary>Runs that wait, next first.</summary>
    public IReadOnlyList<RunDocument> Queued { get; init; } = [];
}

/// <summary>Changes to the queue as a whole.</summary>
/// <param name="Paused">Whether new runs are started.</param>
public sealed record QueuePatch(bool Paused);

/// <summary>Moves a waiting run.</summary>
/// <param name="RunId">The run to move.</param>
/// <param name="Position"><c>top</c>, <c>bottom</c>, <c>up</c> or <c>down</c>; null when <paramref name="Before"/> is given.</param>
/// <param name="Before">Id of the waiting run to go before.</param>
public sealed record QueueMove(string RunId, string? Position = null, string? Before = null);

/// <summary>Changes to a run's description; absent members stay.</summary>
public sealed record RunPatch
{
    /// <summary>New display name.</summary>
    public string? Name { get; init; }

    /// <summary>New notes.</summary>
    public string? Notes { get; init; }

    /// <summary>New tags.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>New priority.</summary>
    public int? Priority { get; init; }
}

/// <summary>Answer to a dry run of a submission.</summary>
public sealed record DryRunResult
{
    /// <summary>The specification with defaults filled in.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Name the run would get.</summary>
    public required string Name { get; init; }

    /// <summary>Things worth knowing.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Optimizer steps in all.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Trainable parameters.</summary>
    public long TrainableParameters { get; init; }

    /// <summary>Training rows that would be used.</summary>
    public int TrainRows { get; init; }

    /// <summary>Evaluation rows that would be used.</summary>
    public int EvalRows { get; init; }
}
