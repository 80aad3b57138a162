namespace LoraLab.Contracts.Runs;

/// <summary>What a member of a lineage is.</summary>
public enum LineageKind
{
    /// <summary>A run.</summary>
    Run,

    /// <summary>A run that is deleted.</summary>
    DeletedRun,

    /// <summary>An adapter folder that no run of this server wrote.</summary>
    Folder,
}

/// <summary>How a run descends from another.</summary>
public enum LineageRelation
{
    /// <summary>Its specification is a copy, with or without changes.</summary>
    Clone,

    /// <summary>It starts from the last adapter (<c>initFrom</c>).</summary>
    InitFrom,

    /// <summary>It starts from the adapter of the best evaluation (<c>initFrom</c>).</summary>
    InitFromBest,
}

/// <summary>The runs from which a run descends and those that descend from it, as clones or because they start from its adapter.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Items">The run, its ancestors and its descendants, those nearest to it first.</param>
/// <param name="LeftOut">Whether there are more.</param>
public sealed record RunLineage(string RunId, IReadOnlyList<LineageItem> Items, bool LeftOut);

/// <summary>A member of a lineage.</summary>
public sealed record LineageItem
{
    /// <summary>Id of the run, or name of an adapter folder.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the run; null: it is deleted, or no run.</summary>
    public string? Name { get; init; }

    /// <summary>State of the run; null: it is deleted, or no run.</summary>
    public RunState? State { get; init; }

    /// <summary>Color of the run; null: it is deleted, or no run.</summary>
    public string? Color { get; init; }

    /// <summary>What it is.</summary>
    public LineageKind Kind { get; init; }

    /// <summary>Generations from the run: negative for ancestors, positive for descendants, 0 for the run.</summary>
    public int Generation { get; init; }

    /// <summary>From what it descends directly.</summary>
    public IReadOnlyList<LineageParent> Parents { get; init; } = [];
}

/// <summary>From what a run descends.</summary>
/// <param name="Id">Id of the run, or name of the adapter folder.</param>
/// <param name="Relation">How.</param>
public sealed record LineageParent(string Id, LineageRelation Relation);
