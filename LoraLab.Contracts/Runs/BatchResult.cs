namespace LoraLab.Contracts.Runs;

/// <summary>Runs that were queued together.</summary>
/// <param name="Items">The runs, in the order of the request.</param>
public sealed record BatchResult(IReadOnlyList<BatchRun> Items);

/// <summary>A run that was queued with others.</summary>
/// <param name="Id">Id of the run.</param>
/// <param name="Name">Its name.</param>
public sealed record BatchRun(string Id, string Name);

/// <summary>Response to the dry run of several runs.</summary>
/// <param name="Items">What would be queued, in the order of the request.</param>
public sealed record BatchDryRun(IReadOnlyList<DryRunResult> Items);
