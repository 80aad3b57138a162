namespace LoraLab.Contracts.Worker;

/// <summary>
/// A line on the stdout of <c>pull --events</c>, the form of the command that the server starts. It ends when its stdin does: the server is
/// gone, or has cancelled the download, whose files stay for the next one.
/// </summary>
public sealed record PullEvent
{
    /// <summary>The file that is being downloaded; null: none.</summary>
    public string? File { get; init; }

    /// <summary>Files that are complete, of those that were missing.</summary>
    public int Files { get; init; }

    /// <summary>Files that were missing.</summary>
    public int TotalFiles { get; init; }

    /// <summary>Bytes of these files that have arrived.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes of these files; null: the hub does not tell.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>What a user should know, in one sentence; null: nothing.</summary>
    public string? Message { get; init; }

    /// <summary>Why the download failed, in one sentence; null: it did not.</summary>
    public string? Error { get; init; }

    /// <summary>True once the name can be used.</summary>
    public bool Completed { get; init; }

    /// <summary>Commit that the name now points to; null: unknown.</summary>
    public string? Commit { get; init; }
}
