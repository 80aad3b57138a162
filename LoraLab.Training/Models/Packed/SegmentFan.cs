namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Short segments that follow the same rows, such as the labels after a prompt: attention computes the keys that they share for all of
/// their rows at once.
/// </summary>
/// <param name="PrefixRows">Rows that precede all of them, in the order of their positions; at least one.</param>
/// <param name="Rows">Each of their rows with the first row of its segment.</param>
public sealed record SegmentFan(IReadOnlyList<int> PrefixRows, IReadOnlyList<(int First, int Row)> Rows)
{
    // Longer segments fill the lanes of a tile themselves.
    private const int MaxRows = 4;

    /// <summary>Divides segments into fans and those that are in none.</summary>
    public static (IReadOnlyList<Segment> Alone, IReadOnlyList<SegmentFan> Fans) Of(IReadOnlyList<Segment> segments)
    {
        // The row before a segment determines all rows before it.
        ILookup<int, Segment> following = segments.Where(segment => segment.Count <= MaxRows && segment.PrefixRows.Count > 0)
            .ToLookup(segment => segment.PrefixRows[^1]);
        IGrouping<int, Segment>[] groups = [.. following.Where(group => group.Skip(1).Any())];
        HashSet<Segment> inFans = new(groups.SelectMany(group => group), ReferenceEqualityComparer.Instance);
        return (
            [.. segments.Where(segment => !inFans.Contains(segment))],
            [
                .. groups.Select(group => new SegmentFan(
                    group.First().PrefixRows,
                    [.. group.SelectMany(segment =>
                        Enumerable.Range(segment.Start, segment.Count).Select(row => (segment.Start, row)))])),
            ]);
    }
}
