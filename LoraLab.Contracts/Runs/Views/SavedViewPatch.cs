using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Runs.Views;

/// <summary>A view to save, or changes to a saved one: absent members are empty in a new view and unchanged in a saved one.</summary>
public sealed record SavedViewPatch
{
    /// <summary>Name; required for a new view.</summary>
    [StringLength(ViewLimits.Name, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>The parameters of the address of the table.</summary>
    [StringLength(ViewLimits.Query)]
    public string? Query { get; init; }

    /// <summary>The note, in Markdown; null or empty: none.</summary>
    [StringLength(TextLimits.Notes)]
    public string? Note { get; init; }

    /// <summary>Keys of the metrics to chart.</summary>
    [MaxLength(ViewLimits.Charts), StringLength(100, MinimumLength = 1)]
    public IReadOnlyList<string>? Charts { get; init; }
}
