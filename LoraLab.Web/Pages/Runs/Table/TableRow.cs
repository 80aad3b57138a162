using LoraLab.Contracts.Runs.Groups;

namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>A row: a run, or several runs in one.</summary>
/// <param name="Group">Its runs.</param>
/// <param name="Cells">Its cells, one per column.</param>
public sealed record TableRow(RunGroup Group, IReadOnlyList<TableCell> Cells)
{
    /// <summary>Identifies the row: the id of its first run.</summary>
    public string Key => Group.First.Id;

    /// <summary>Where it links to: the run's page, or that of the study or sweep; null: nowhere.</summary>
    public string? Link { get; init; }

    /// <summary>What the row stands for, in place of a name; null: a single run, whose name it is.</summary>
    public string? Title { get; init; }

    /// <summary>Its name.</summary>
    public string Name => Title ?? Group.First.Name;

    /// <summary>Whether it is the baseline of the differences.</summary>
    public bool IsBaseline { get; init; }

    /// <summary>Why its results do not compare with those of the baseline, or of most rows; null: they do.</summary>
    public string? OtherData { get; init; }
}

/// <summary>A cell.</summary>
/// <param name="Text">Its text; empty: no value.</param>
/// <param name="Delta">The difference from the baseline; null: none.</param>
public sealed record TableCell(string Text, string? Delta = null);
