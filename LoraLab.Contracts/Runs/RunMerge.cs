namespace LoraLab.Contracts.Runs;

/// <summary>States of a merge.</summary>
public enum MergeState
{
    /// <summary>Not requested, or its result was deleted.</summary>
    None,

    /// <summary>Waiting for another merge to end.</summary>
    Waiting,

    /// <summary>In progress.</summary>
    Running,

    /// <summary>The model can be downloaded.</summary>
    Completed,

    /// <summary>It failed; it can be requested again.</summary>
    Failed,
}

/// <summary>A model into which an adapter of a run is merged, or the work on it.</summary>
public sealed record RunMerge
{
    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>Which of its adapters.</summary>
    public AdapterChoice Which { get; init; }

    /// <summary>State of the work.</summary>
    public MergeState State { get; init; }

    /// <summary>Weights into which the adapter is merged so far; null: not in progress.</summary>
    public int? Done { get; init; }

    /// <summary>All weights of the adapter; null: not known yet, or not in progress.</summary>
    public int? Total { get; init; }

    /// <summary>Why it failed, in one sentence; null: it did not.</summary>
    public string? Error { get; init; }

    /// <summary>Size of the model in bytes; null: it is not completed.</summary>
    public long? Bytes { get; init; }
}
