namespace LoraLab.Contracts.Runs;

/// <summary>The files of a run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="TotalBytes">Size of all of them.</param>
/// <param name="Items">The files, by name.</param>
public sealed record RunArtifacts(string RunId, long TotalBytes, IReadOnlyList<RunArtifact> Items);

/// <summary>A file of a run.</summary>
public sealed record RunArtifact
{
    /// <summary>Path within the run's directory, with slashes; behind <c>/artifacts/</c> it is the file's address.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public ArtifactKind Kind { get; init; }

    /// <summary>Size.</summary>
    public long Bytes { get; init; }

    /// <summary>Optimizer steps done before it was written; null where that says nothing.</summary>
    public int? Step { get; init; }

    /// <summary>Last change, UTC.</summary>
    public DateTimeOffset ModifiedAt { get; init; }
}

/// <summary>Kinds of <see cref="RunArtifact"/>.</summary>
public enum ArtifactKind
{
    /// <summary>Something else.</summary>
    Other,

    /// <summary>The specification.</summary>
    Spec,

    /// <summary>What the server knows of the run.</summary>
    Record,

    /// <summary>Hashes of what it computed with.</summary>
    Fingerprint,

    /// <summary>What an attempt told.</summary>
    Events,

    /// <summary>Log of an attempt.</summary>
    Log,

    /// <summary>Scores of the rows of one evaluation.</summary>
    Predictions,

    /// <summary>What a later attempt needs to go on.</summary>
    Checkpoint,

    /// <summary>The trained adapter.</summary>
    Adapter,
}

/// <summary>Which files of an ended run shall go.</summary>
public sealed record PruneRequest
{
    /// <summary>The checkpoints: a resumed run begins from the start then.</summary>
    public bool Checkpoints { get; init; }

    /// <summary>The predictions of all evaluations but the first, the best and the last.</summary>
    public bool Predictions { get; init; }

    /// <summary>The adapter, which is the run's result: it is only there again when the run is repeated.</summary>
    public bool Adapter { get; init; }
}

/// <summary>Files of one kind that were removed at once.</summary>
public sealed record PrunedFiles
{
    /// <summary>What they were.</summary>
    public ArtifactKind Kind { get; init; }

    /// <summary>How many.</summary>
    public int Files { get; init; }

    /// <summary>Their size.</summary>
    public long Bytes { get; init; }

    /// <summary>When, UTC.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Because of the configured retention; otherwise somebody asked for it.</summary>
    public bool ByRetention { get; init; }
}
