namespace LoraLab.Training.Models.Packed;

/// <summary>Consecutive rows of one sequence, and the rows that precede them in it.</summary>
/// <param name="Start">First row.</param>
/// <param name="Count">Number of rows.</param>
/// <param name="PrefixRows">Rows that precede all of them, in the order of their positions: those shared with other sequences.</param>
public sealed record Segment(int Start, int Count, IReadOnlyList<int> PrefixRows)
{
    /// <summary>Splits rows into segments: each row is in one segment, after all rows that precede it in its sequence.</summary>
    /// <param name="parents">For each row, the row that precedes it, or -1 for the first row of a sequence.</param>
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
