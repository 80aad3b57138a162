using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>The indices of one pass in an <see cref="IndexArena"/>: token ids, positions, and the row–cell mapping of attention.</summary>
public sealed class PassLayout : IDisposable
{
    private readonly IndexArena _arena;
    private readonly IReadOnlyList<LengthBucket> _buckets;
    private readonly int _cellCount;
    private readonly Range _ids, _positions, _cells, _unpadIndices;

    /// <summary>Adds the indices of packed rows to an arena.</summary>
    public PassLayout(IndexArena arena, PackedRows rows)
    {
        (_arena, _buckets, _cellCount) = (arena, rows.Buckets, rows.Cells.Length);
        (Rows, Prefix) = (rows.Ids.Count, rows.PrefixLength);
        (Segments, Fans) = rows.IsTree ? SegmentFan.Of(rows.Segments) : (rows.Segments, []);
        (Length, TextLengths) = (rows.Positions.Max() + 1, rows.TextLengths);
        _ids = arena.AddIndices(rows.Ids);
        _positions = arena.AddIndices(rows.Positions);
        _cells = arena.AddIndices(rows.Cells);
        _unpadIndices = arena.AddIndices(rows.UnpadIndices);
        Lengths = tensor(rows.Buckets.Select(bucket => (long)bucket.Length).ToArray()).DetachFromDisposeScope();
    }

    /// <summary>T: number of rows.</summary>
    public int Rows { get; }

    /// <summary>P: number of leading rows shared by all sequences.</summary>
    public int Prefix { get; }

    /// <summary>Number of positions: that of the longest sequence.</summary>
    public int Length { get; }

    /// <summary>Tokens of the whole text of each row, the last one included.</summary>
    public IReadOnlyList<int> TextLengths { get; }

    /// <summary>Segments of consecutive rows that are in no fan.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Short segments with the same rows before them; only in forward passes.</summary>
    public IReadOnlyList<SegmentFan> Fans { get; }

    /// <summary>Number of cells: rows and padding.</summary>
    public int Cells => _cellCount;

    /// <summary>L of each bucket, int64, on the CPU: sizes, not data.</summary>
    internal Tensor Lengths { get; }

    /// <summary>Token and position of each row, [T]; the current dispose scope owns these views.</summary>
    internal (Tensor Ids, Tensor Positions) Tokens => (_arena.Indices(_ids), _arena.Indices(_positions));

    /// <summary>Shape of the pass for the memory estimate, with <paramref name="headRows"/> rows in the output head.</summary>
    public PassShape Shape(int headRows) => new(
        Rows, _buckets.Sum(bucket => bucket.Sequences), _cellCount, _buckets.Max(bucket => (long)bucket.Sequences * bucket.Length),
        _buckets.Max(bucket => (long)bucket.Sequences * bucket.Length * bucket.Length), headRows);

    /// <summary>
    /// The layout argument of the kernels: unpad indices, cosines and sines of the rotary angles, then for each bucket the row of each cell
    /// and whether the row is read back from that cell. The current dispose scope owns the tensors.
    /// </summary>
    internal Tensor[] Attention(Tensor cos_T1H, Tensor sin_T1H)
    {
        Tensor unpadIndices = _arena.Indices(_unpadIndices);
        Tensor cells = _arena.Indices(_cells);
        Tensor isSource = zeros(_cellCount, ScalarType.Bool, unpadIndices.device).TrueAt(unpadIndices);
        List<Tensor> layout = [unpadIndices, cos_T1H, sin_T1H];
        int start = 0;
        foreach (LengthBucket bucket in _buckets)
        {
            int count = bucket.Sequences * bucket.Length;
            layout.Add(cells.narrow(0, start, count));
            layout.Add(isSource.narrow(0, start, count));
            start += count;
        }

        return [.. layout];
    }

    /// <inheritdoc />
    public void Dispose() => Lengths.Dispose();
}
