namespace LoraLab.Contracts.Runs.Groups;

/// <summary>A page of the rows of a table of runs, with what its headings say about all matching runs.</summary>
public sealed record RunGroupList
{
    /// <summary>The groups of the page, in order.</summary>
    public IReadOnlyList<RunGroup> Items { get; init; } = [];

    /// <summary>The groups of the pinned runs, in the order in which they were named; they are not among the items.</summary>
    public IReadOnlyList<RunGroup> Pinned { get; init; } = [];

    /// <summary>Number of all groups without the pinned ones.</summary>
    public int Total { get; init; }

    /// <summary>Number of all matching runs.</summary>
    public int Runs { get; init; }

    /// <summary>The group of the run that was named as baseline; null: none was, or it does not exist.</summary>
    public RunGroup? Baseline { get; init; }

    /// <summary>On what data the matching runs are evaluated, the most frequent first.</summary>
    public IReadOnlyList<RunData> Data { get; init; } = [];

    /// <summary>Tags of the matching runs, in alphabetical order.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Keys of the metrics that a table of these runs shows by default.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];
}
