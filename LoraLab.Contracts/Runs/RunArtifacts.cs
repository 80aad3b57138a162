namespace LoraLab.Contracts.Runs;

/// <summary>Kinds of <see cref="RunArtifact"/>.</summary>
public enum ArtifactKind
{
    /// <summary>Any other file.</summary>
    Other,

    /// <summary>The specification.</summary>
    Spec,

    /// <summary>The server's record of the run.</summary>
    Record,

    /// <summary>Hashes of the inputs and results.</summary>
    Fingerprint,

    /// <summary>Events of an attempt.</summary>
    Events,

    /// <summary>Log of an attempt.</summary>
    Log,

    /// <summary>Texts of the evaluation rows.</summary>
    EvaluationRows,

    /// <summary>Scores of the rows of an evaluation.</summary>
    Predictions,

    /// <summary>State from which a later attempt resumes.</summary>
    Checkpoint,

    /// <summary>The trained adapter.</summary>
    Adapter,

    /// <summary>The adapter of the best evaluation, where it was not the last.</summary>
    BestAdapter,

    /// <summary>A model into which an adapter of the run is merged.</summary>
    Merged,
}

/// <summary>The files of a run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="TotalBytes">Total size.</param>
/// <param name="Items">The files, by name.</param>
public sealed record RunArtifacts(string RunId, long TotalBytes, IReadOnlyList<RunArtifact> Items);

/// <summary>A file of a run.</summary>
public sealed record RunArtifact
{
    /// <summary>Path within the run directory, with forward slashes; appended to <c>/artifacts/</c> it is the file's URL.</summary>
    public required string Name { get; init; }

    /// <summary>Kind of file.</summary>
    public ArtifactKind Kind { get; init; }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>SHA-256 in lowercase hex of a file of an adapter; null: another file, or one above 256 MiB.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Optimizer steps completed before it was written; null: not applicable.</summary>
    public int? Step { get; init; }

    /// <summary>Last modification, UTC.</summary>
    public DateTimeOffset ModifiedAt { get; init; }
}

/// <summary>Files of an ended run to delete.</summary>
public sealed record PruneRequest
{
    /// <summary>Delete the checkpoints; a resumed run then starts over.</summary>
    public bool Checkpoints { get; init; }

    /// <summary>Delete the predictions of all evaluations except the first, the best and the last.</summary>
    public bool Predictions { get; init; }

    /// <summary>Delete the adapter, the run's result; only repeating the run restores it.</summary>
    public bool Adapter { get; init; }

    /// <summary>Delete the adapter of the best evaluation; only repeating the run restores it.</summary>
    public bool BestAdapter { get; init; }

    /// <summary>Delete the models into which adapters are merged; they can be merged again.</summary>
    public bool Merged { get; init; }
}

/// <summary>Files of one kind that were deleted together.</summary>
public sealed record PrunedFiles
{
    /// <summary>Kind of the files.</summary>
    public ArtifactKind Kind { get; init; }

    /// <summary>Number of files.</summary>
    public int Files { get; init; }

    /// <summary>Total size in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Time of deletion, UTC.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>True if deleted by the configured retention, false if on request.</summary>
    public bool ByRetention { get; init; }
}
