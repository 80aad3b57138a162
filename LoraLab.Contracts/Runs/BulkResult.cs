namespace LoraLab.Contracts.Runs;

/// <summary>Result of a bulk action.</summary>
public sealed record BulkResult
{
    /// <summary>Number of runs on which it was performed.</summary>
    public int Total { get; init; }

    /// <summary>The runs on which it was performed.</summary>
    public IReadOnlyList<BulkItem> Items { get; init; } = [];

    /// <summary>Runs that were listed and left as they are, with the reasons.</summary>
    public IReadOnlyList<BulkSkip> Skipped { get; init; } = [];
}

/// <summary>A run on which a bulk action was performed.</summary>
/// <param name="Id">Id of the run.</param>
/// <param name="State">Its state after the action; null: it was deleted.</param>
public sealed record BulkItem(string Id, RunState? State);

/// <summary>A listed run on which a bulk action was not performed.</summary>
/// <param name="Id">The id as listed.</param>
/// <param name="Code">Code of the reason, as in problem documents.</param>
/// <param name="Detail">The reason in one sentence.</param>
public sealed record BulkSkip(string Id, string Code, string Detail);
