namespace LoraLab.Contracts.Runs.Views;

/// <summary>A table of runs that was saved under a name: what it shows, with a note and charts beside it.</summary>
public sealed record SavedView
{
    /// <summary>Id; the address of the view is <c>/runs?view=ID</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Name; no two views have the same.</summary>
    public required string Name { get; init; }

    /// <summary>The parameters of the address of the table, for example <c>filter=rank%3D8&amp;group=1</c>; empty: all runs.</summary>
    public string Query { get; init; } = "";

    /// <summary>A note beside the table, in Markdown without HTML; null: none.</summary>
    public string? Note { get; init; }

    /// <summary>Keys of the metrics whose charts stand beside the note.</summary>
    public IReadOnlyList<string> Charts { get; init; } = [];

    /// <summary>When it was saved first, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last, UTC.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}
