using LoraLab.Contracts.Compare;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>Names of compared runs where there is little room: without what all of them begin with, such as their study.</summary>
public static class ComparedNames
{
    private const string Separator = ": ";

    /// <summary>The part of a run's name that the others do not have in front too.</summary>
    public static string Of(CompareRow row, IReadOnlyList<CompareRow> rows)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(rows);
        int end = row.Label.LastIndexOf(Separator, StringComparison.Ordinal);
        while (end > 0)
        {
            string begin = row.Label[..(end + Separator.Length)];
            if (rows.Count > 1
                && rows.All(other => other.Label.Length > begin.Length && other.Label.StartsWith(begin, StringComparison.Ordinal)))
            {
                return row.Label[begin.Length..];
            }

            end = row.Label.LastIndexOf(Separator, end - 1, StringComparison.Ordinal);
        }

        return row.Label;
    }
}
