using System.Globalization;
using LoraLab.Contracts;

namespace LoraLab.Training.Data;

/// <summary>Where the rows of a split were read.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="Lines">First line of each row in the file, from 1.</param>
public sealed record SplitSource(string File, IReadOnlyList<int> Lines)
{
    private const int MaxListed = 10;

    /// <summary>Returns the places of rows, for messages: the first ten lines.</summary>
    /// <param name="source">Where the rows were read; null: unknown.</param>
    /// <param name="rows">Rows, from 0; at least one.</param>
    public static string Places(SplitSource? source, IReadOnlyCollection<int> rows)
    {
        string[] listed = [.. (source is null ? rows : rows.Select(row => source.Lines[row])).Order().Take(MaxListed)
            .Select(number => number.ToString(CultureInfo.InvariantCulture))];
        string more = rows.Count > MaxListed ? $" and {NumberFormat.Count(rows.Count - MaxListed)} more" : "";
        string kind = source is null ? "row" : "line";
        return $"{kind}{(rows.Count == 1 ? "" : "s")} {string.Join(", ", listed)}{more}{(source is null ? "" : $" of {source.File}")}";
    }
}
