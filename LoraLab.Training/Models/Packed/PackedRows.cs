namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Packed sequences: one list of rows (tokens) without padding, and the mapping between rows and cells. Cells are the slots of the padded
/// grids [S, L] that only attention needs, one per length bucket. Sequences with a common prefix can share its rows: under a causal mask
/// its hidden states are the same for all of them.
/// </summary>
public sealed class PackedRows
{
    // Largest ratio of lengths in a bucket: the cost of padded attention grows with the square of the length.
    private const double BucketSpread = 1.25;
    private readonly List<int> _ids = [];
    private readonly List<int> _positions = [];
    private readonly List<int> _textLengths = [];
    private readonly List<int> _unpadIndices = [];
    private readonly List<int> _parents = [];
    private readonly int[] _firstCell;

    private PackedRows(IReadOnlyList<int[]> sequences, int shared, bool bucketed)
    {
        PrefixLength = shared;
        Buckets = LengthBucket.Of([.. sequences.Select(ids => ids.Length)], bucketed ? BucketSpread : double.MaxValue);
        Cells = new int[Buckets.Sum(bucket => bucket.Sequences * bucket.Length)];
        int cell = 0;
        _firstCell =
            [.. Buckets.SelectMany(bucket => Enumerable.Range(0, bucket.Sequences).Select(_ => (cell += bucket.Length) - bucket.Length))];
    }

    /// <summary>Length buckets, in the order of the sequences.</summary>
    public IReadOnlyList<LengthBucket> Buckets { get; }

    /// <summary>P: number of leading rows that belong to every sequence; 0: none.</summary>
    public int PrefixLength { get; }

    /// <summary>Whether any common prefix of two sequences is shared, which is for forward passes only.</summary>
    public bool IsTree { get; private init; }

    /// <summary>Token of each row.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>Position of each row in its sequence, from 0.</summary>
    public IReadOnlyList<int> Positions => _positions;

    /// <summary>
    /// Tokens of the whole text of each row: those of its sequence and the one that follows it, which is only a target.
    /// </summary>
    public IReadOnlyList<int> TextLengths => _textLengths;

    /// <summary>
    /// Row of each cell, bucket by bucket; padding cells refer to row 0 and, under the causal mask, no real token attends to them.
    /// </summary>
    public int[] Cells { get; }

    /// <summary>Cell of each row: the one cell that the row's result is read back from.</summary>
    public IReadOnlyList<int> UnpadIndices => _unpadIndices;

    /// <summary>Segments of consecutive rows, for attention that works without cells.</summary>
    public IReadOnlyList<Segment> Segments => Segment.Of(_parents);

    /// <summary>Row of a token.</summary>
    public int Row(int sequence, int position) => Cells[_firstCell[sequence] + position];

    /// <summary>Packs sequences; the first <paramref name="shared"/> tokens are the same in all and are packed once.</summary>
    /// <param name="sequences">Token ids; best sorted by length.</param>
    /// <param name="shared">Number of tokens shared by all, at most the length of the shortest.</param>
    /// <param name="bucketed">Pad within length buckets; if false, all are padded to the longest: fewer, larger operations.</param>
    public static PackedRows WithPrefix(IReadOnlyList<int[]> sequences, int shared, bool bucketed = true)
    {
        PackedRows packed = new(sequences, shared, bucketed);
        for (int s = 0; s < sequences.Count; s++)
        {
            int row = -1;
            for (int t = 0; t < sequences[s].Length; t++)
            {
                int cell = packed._firstCell[s] + t;
                row = s > 0 && t < shared ? t : packed.AddRow(sequences[s], t, cell, row);
                packed.Cells[cell] = row;
            }
        }

        return packed;
    }

    /// <summary>
    /// Packs sequences as a prefix tree: any common prefix of two sequences is packed once. Forward only: the backward pass
    /// requires one prefix for all.
    /// </summary>
    /// <param name="sequences">Token ids; best sorted by length.</param>
    /// <param name="bucketed">As in <see cref="WithPrefix"/>.</param>
    /// <param name="variant">
    /// Which rotary frequencies a text of a length has: only texts with the same share rows. Null: all have the same.
    /// </param>
    public static PackedRows AsTree(IReadOnlyList<int[]> sequences, bool bucketed = true, Func<int, int>? variant = null)
    {
        PackedRows packed = new(sequences, 0, bucketed) { IsTree = true };
        Dictionary<(int Parent, int Id), int> rows = [];
        for (int s = 0; s < sequences.Count; s++)
        {
            // Each variant has a root of its own.
            int row = -1 - (variant?.Invoke(sequences[s].Length + 1) ?? 0);
            for (int t = 0; t < sequences[s].Length; t++)
            {
                int cell = packed._firstCell[s] + t;
                (int Parent, int Id) key = (row, sequences[s][t]);
                if (!rows.TryGetValue(key, out row))
                {
                    rows.Add(key, row = packed.AddRow(sequences[s], t, cell, Math.Max(key.Parent, -1)));
                }

                packed.Cells[cell] = row;
            }
        }

        return packed;
    }

    /// <summary>Length of the longest common prefix of all sequences, in tokens.</summary>
    public static int CommonPrefix(IReadOnlyList<int[]> sequences)
    {
        int common = sequences.Min(ids => ids.Length);
        foreach (int[] ids in sequences)
        {
            common = ids.AsSpan(0, common).CommonPrefixLength(sequences[0]);
        }

        return common;
    }

    private int AddRow(int[] sequence, int position, int cell, int parent)
    {
        _ids.Add(sequence[position]);
        _textLengths.Add(sequence.Length + 1);
        _positions.Add(position);
        _unpadIndices.Add(cell);
        _parents.Add(parent);
        return _ids.Count - 1;
    }
}
