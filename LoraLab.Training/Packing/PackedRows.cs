namespace LoraLab.Training.Packing;

/// <summary>
/// Sequences as one list of rows (tokens), without padding, and the way between rows and the sequences' slots: a padded grid
/// [S, L] that only attention needs. Sequences that begin alike can share the rows of what they have in common: under a causal mask
/// its hidden states are the same for all of them.
/// </summary>
public sealed class PackedRows
{
    private readonly List<int> _ids = [];
    private readonly List<int> _positions = [];
    private readonly List<int> _home = [];

    private PackedRows(int sequences, int length, int shared) => (Sequences, Length, Shared, Slots) = (sequences, length, shared, new int[sequences * length]);

    /// <summary>S: how many sequences there are.</summary>
    public int Sequences { get; }

    /// <summary>L: tokens of the longest.</summary>
    public int Length { get; }

    /// <summary>P: the first rows, which belong to every sequence; 0: none.</summary>
    public int Shared { get; }

    /// <summary>Token of each row.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>Position of each row in its sequence, from 0.</summary>
    public IReadOnlyList<int> Positions => _positions;

    /// <summary>Row in each slot, [S·L]; a padded slot names row 0, to which no real token of a causal mask attends.</summary>
    public int[] Slots { get; }

    /// <summary>For each row the one slot that it is read back from.</summary>
    public IReadOnlyList<int> Home => _home;

    /// <summary>Packs sequences; the first <paramref name="shared"/> tokens are the same in all and are packed once.</summary>
    public static PackedRows WithPrefix(IReadOnlyList<int[]> sequences, int shared)
    {
        PackedRows packed = new(sequences.Count, sequences.Max(ids => ids.Length), shared);
        for (int s = 0; s < sequences.Count; s++)
        {
            for (int t = 0; t < sequences[s].Length; t++)
            {
                int slot = (s * packed.Length) + t;
                packed.Slots[slot] = s > 0 && t < shared ? t : packed.AddRow(sequences[s][t], t, slot);
            }
        }

        return packed;
    }

    /// <summary>
    /// Packs sequences as a tree: whatever any two have in common at their beginning is packed once. Forward only: the way back
    /// wants one prefix for all.
    /// </summary>
    public static PackedRows AsTree(IReadOnlyList<int[]> sequences)
    {
        PackedRows packed = new(sequences.Count, sequences.Max(ids => ids.Length), 0);
        Dictionary<(int Parent, int Id), int> rows = [];
        for (int s = 0; s < sequences.Count; s++)
        {
            int row = -1;
            for (int t = 0; t < sequences[s].Length; t++)
            {
                int slot = (s * packed.Length) + t;
                (int Parent, int Id) key = (row, sequences[s][t]);
                if (!rows.TryGetValue(key, out row))
                {
                    rows.Add(key, row = packed.AddRow(key.Id, t, slot));
                }

                packed.Slots[slot] = row;
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

    private int AddRow(int id, int position, int home)
    {
        _ids.Add(id);
        _positions.Add(position);
        _home.Add(home);
        return _ids.Count - 1;
    }
}
