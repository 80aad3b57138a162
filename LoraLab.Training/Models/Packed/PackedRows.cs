namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Sequences as one list of rows (tokens), without padding, and the way between rows and cells: padded grids [S, L] that only attention
/// needs, one for each band of neighbours of like length. Sequences that begin alike can share the rows of what they have in common:
/// under a causal mask its hidden states are the same for all of them.
/// </summary>
public sealed class PackedRows
{
    // A band ends where a sequence is so much longer than its first: padding costs attention the square of the length.
    private const double BandSpread = 1.25;
    private readonly List<int> _ids = [];
    private readonly List<int> _positions = [];
    private readonly List<int> _home = [];
    private readonly List<int> _parents = [];
    private readonly int[] _firstCell;

    private PackedRows(IReadOnlyList<int[]> sequences, int shared, bool banded)
    {
        Shared = shared;
        Bands = LengthBucket.Of([.. sequences.Select(ids => ids.Length)], banded ? BandSpread : double.MaxValue);
        Cells = new int[Bands.Sum(band => band.Sequences * band.Length)];
        int cell = 0;
        _firstCell = [.. Bands.SelectMany(band => Enumerable.Range(0, band.Sequences).Select(_ => (cell += band.Length) - band.Length))];
    }

    /// <summary>Runs of neighbours of like length.</summary>
    public IReadOnlyList<LengthBucket> Bands { get; }

    /// <summary>P: the first rows, which belong to every sequence; 0: none.</summary>
    public int Shared { get; }

    /// <summary>Token of each row.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>Position of each row in its sequence, from 0.</summary>
    public IReadOnlyList<int> Positions => _positions;

    /// <summary>Row in each cell, band after band; a padded cell names row 0, to which no real token of a causal mask attends.</summary>
    public int[] Cells { get; }

    /// <summary>For each row the one cell that it is read back from.</summary>
    public IReadOnlyList<int> Home => _home;

    /// <summary>Runs of rows that follow one another: how attention finds rows where it needs no cells.</summary>
    public IReadOnlyList<Segment> Segments => Segment.Of(_parents);

    /// <summary>Row of a token.</summary>
    public int Row(int sequence, int position) => Cells[_firstCell[sequence] + position];

    /// <summary>Packs sequences; the first <paramref name="shared"/> tokens are the same in all and are packed once.</summary>
    /// <param name="sequences">Token ids; best sorted by length.</param>
    /// <param name="shared">Tokens shared by all, at most the shortest one's length.</param>
    /// <param name="banded">Pad each sequence to its like only; off, all are padded to the longest: fewer, larger operations.</param>
    public static PackedRows WithPrefix(IReadOnlyList<int[]> sequences, int shared, bool banded = true)
    {
        PackedRows packed = new(sequences, shared, banded);
        for (int s = 0; s < sequences.Count; s++)
        {
            int row = -1;
            for (int t = 0; t < sequences[s].Length; t++)
            {
                int cell = packed._firstCell[s] + t;
                row = s > 0 && t < shared ? t : packed.AddRow(sequences[s][t], t, cell, row);
                packed.Cells[cell] = row;
            }
        }

        return packed;
    }

    /// <summary>
    /// Packs sequences as a tree: whatever any two have in common at their beginning is packed once. Forward only: the way back
    /// wants one prefix for all.
    /// </summary>
    /// <param name="sequences">Token ids; best sorted by length.</param>
    /// <param name="banded">As in <see cref="WithPrefix"/>.</param>
    public static PackedRows AsTree(IReadOnlyList<int[]> sequences, bool banded = true)
    {
        PackedRows packed = new(sequences, 0, banded);
        Dictionary<(int Parent, int Id), int> rows = [];
        for (int s = 0; s < sequences.Count; s++)
        {
            int row = -1;
            for (int t = 0; t < sequences[s].Length; t++)
            {
                int cell = packed._firstCell[s] + t;
                (int Parent, int Id) key = (row, sequences[s][t]);
                if (!rows.TryGetValue(key, out row))
                {
                    rows.Add(key, row = packed.AddRow(key.Id, t, cell, key.Parent));
                }

                packed.Cells[cell] = row;
            }
        }

        return packed;
    }

    /// <summary>Tokens that all sequences begin with, at most the shortest one's length.</summary>
    public static int CommonPrefix(IReadOnlyList<int[]> sequences)
    {
        int common = sequences.Min(ids => ids.Length);
        foreach (int[] ids in sequences)
        {
            common = ids.AsSpan(0, common).CommonPrefixLength(sequences[0]);
        }

        return common;
    }

    private int AddRow(int id, int position, int home, int parent)
    {
        _ids.Add(id);
        _positions.Add(position);
        _home.Add(home);
        _parents.Add(parent);
        return _ids.Count - 1;
    }
}
