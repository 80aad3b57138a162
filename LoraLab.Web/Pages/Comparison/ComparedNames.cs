using LoraLab.Contracts.Compare;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>Names of compared runs where there is little room: without what all of them begin with, such as their study.</summary>
public static class ComparedNames
{
    /// <summary>The part of a run's name that the others do not have in front too.</summary>
    public static string Of(CompareRow row, IReadOnlyList<CompareRow> rows)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(rows);
        return DistinctNames.Of(row.Label, [.. rows.Select(other => other.Label)]);
    }
}
