namespace LoraLab.Training.Models.Packed;

/// <summary>Consecutive rows of one sequence, and the rows that come before them in it.</summary>
/// <param name="Start">First row.</param>
/// <param name="Count">Rows.</param>
/// <param name="Before">Rows that all of them follow, in the order of their positions: those shared with other sequences.</param>
public sealed record Segment(int Start, int Count, IReadOnlyList<int> Before)
{
    /// <summary>Rows in sequences to segments: each row is in one segment, after everything it follows.</summary>
    /// <param name="parents">For each row the row that it follows, -1 for a first one.</param>
    public static IReadOnlyList<Segment> Of(IReadOnlyList<int> parents)
    {
        List<Segment> segments = [];
        for (int row = 0; row < parents.Count; row++)
        {
            if (row > 0 && parents[row] == row - 1)
            {
                segments[^1] = segments[^1] with { Count = segments[^1].Count + 1 };
            }
            else
            {
                segments.Add(new(row, 1, Path(parents, parents[row])));
            }
        }

        return segments;
    }

    private static int[] Path(IReadOnlyList<int> parents, int row)
    {
        List<int> path = [];
        for (; row >= 0; row = parents[row])
        {
            path.Add(row);
        }

        path.Reverse();
        return [.. path];
    }
}
