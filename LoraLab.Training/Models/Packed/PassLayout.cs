using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>The indices of one pass in an <see cref="IndexArena"/>: which tokens, where, and how attention finds them.</summary>
public sealed class PassLayout : IDisposable
{
    private readonly IndexArena _arena;
    private readonly IReadOnlyList<LengthBucket> _bands;
    private readonly int _cellCount;
    private readonly Range _ids, _positions, _cells, _home;

    /// <summary>Puts packed rows into an arena.</summary>
    public PassLayout(IndexArena arena, PackedRows rows)
    {
        (_arena, _bands, _cellCount) = (arena, rows.Bands, rows.Cells.Length);
        (Rows, Prefix, Segments) = (rows.Ids.Count, rows.Shared, rows.Segments);
        _ids = arena.AddIndices(rows.Ids);
        _positions = arena.AddIndices(rows.Positions);
        _cells = arena.AddIndices(rows.Cells);
        _home = arena.AddIndices(rows.Home);
        Lengths = tensor(rows.Bands.Select(band => (long)band.Length).ToArray()).DetachFromDisposeScope();
    }

    /// <summary>T: rows of the pass.</summary>
    public int Rows { get; }

    /// <summary>P: the first rows, shared by all sequences.</summary>
    public int Prefix { get; }

    /// <summary>Runs of rows that follow one another.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Cells of the pass: rows and padding.</summary>
    public int Cells => _cellCount;

    /// <summary>What the memory of the pass depends on, where so many rows go through the output head.</summary>
    public PassShape Shape(int headRows) => new(
        Rows, _bands.Sum(band => band.Sequences), _cellCount, _bands.Max(band => (long)band.Sequences * band.Length), _bands.Max(band => (long)band.Sequences * band.Length * band.Length), headRows);

    /// <summary>L of each band, int64, on the CPU: sizes, not data.</summary>
    internal Tensor Lengths { get; }

    /// <summary>Token and position of each row, [T]; the current dispose scope owns these views.</summary>
    internal (Tensor Ids, Tensor Positions) Tokens => (_arena.Indices(_ids), _arena.Indices(_positions));

    /// <summary>
    /// How attention finds rows: home, then the angles' cosines and sines, then each band's cells and whether each is a row's home. The
    /// current dispose scope owns the tensors.
    /// </summary>
    internal Tensor[] Attention(Tensor cos_T1H, Tensor sin_T1H)
    {
        Tensor home = _arena.Indices(_home);
        Tensor cells = _arena.Indices(_cells);
        Tensor owner = zeros(_cellCount, ScalarType.Bool, home.device).index_fill_(0, home, true);
        List<Tensor> layout = [home, cos_T1H, sin_T1H];
        int start = 0;
        foreach (LengthBucket band in _bands)
        {
            int count = band.Sequences * band.Length;
            layout.Add(cells.narrow(0, start, count));
            layout.Add(owner.narrow(0, start, count));
            start += count;
        }

        return [.. layout];
    }

    /// <inheritdoc />
    public void Dispose() => Lengths.Dispose();
}
