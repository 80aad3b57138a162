namespace LoraLab.Contracts.Catalog;

/// <summary>States of a download.</summary>
public enum PullState
{
    /// <summary>Waits for another download to end.</summary>
    Queued,

    /// <summary>Files are being downloaded.</summary>
    Running,

    /// <summary>The model or dataset can be used.</summary>
    Completed,

    /// <summary>It ended with an error.</summary>
    Failed,

    /// <summary>It was cancelled; what has arrived is kept for the next one.</summary>
    Cancelled,

    /// <summary>The server was stopped; what has arrived is kept for the next one.</summary>
    Interrupted,
}

/// <summary>What is downloaded.</summary>
public enum PullKind
{
    /// <summary>A model.</summary>
    Model,

    /// <summary>A dataset.</summary>
    Dataset,
}

/// <summary>The download of a model or dataset from the Hugging Face Hub.</summary>
public sealed record PullDocument
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the node that downloads; null: the only one.</summary>
    public string? Node { get; init; }

    /// <summary>Model or dataset.</summary>
    public PullKind Kind { get; init; }

    /// <summary>Name on the hub, <c>owner/name</c>, or of a published dataset.</summary>
    public required string Name { get; init; }

    /// <summary>Branch, tag or commit; null: the default branch.</summary>
    public string? Revision { get; init; }

    /// <summary>State.</summary>
    public PullState State { get; init; }

    /// <summary>The file that is being downloaded; null: none.</summary>
    public string? File { get; init; }

    /// <summary>Files that are complete, of those that were missing.</summary>
    public int Files { get; init; }

    /// <summary>Files that were missing.</summary>
    public int TotalFiles { get; init; }

    /// <summary>Bytes of these files that have arrived.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes of these files; null: not known.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Commit that the name now points to; null: not completed, or not known.</summary>
    public string? Commit { get; init; }

    /// <summary>What the download reported.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];

    /// <summary>Why it did not complete, in one sentence; null: it did, or has not ended.</summary>
    public string? Error { get; init; }

    /// <summary>When it was requested, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ended, UTC; null: it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether it has ended.</summary>
    public bool Ended() => State is not (PullState.Queued or PullState.Running);
}

/// <summary>All downloads that the server remembers.</summary>
/// <param name="Items">The downloads, the latest first.</param>
/// <param name="Datasets">Names of the datasets that can be downloaded.</param>
public sealed record PullList(IReadOnlyList<PullDocument> Items, IReadOnlyList<string> Datasets);
