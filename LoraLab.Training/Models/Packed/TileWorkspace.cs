using System.Runtime.InteropServices;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Workspace of one thread of <see cref="RowAttention"/>, outside the managed heap: grown for longer sequences, never shrunk.
/// </summary>
internal sealed unsafe class TileWorkspace : IDisposable
{
    private const int Alignment = 64;
    private const int Parts = 4;
    private float* _start;
    private int _length;
    private int _size;

    /// <summary>Keys of a segment, [L, H].</summary>
    public float* Keys => _start;

    /// <summary>Values, [L, H].</summary>
    public float* Values => Keys + (_length * _size);

    /// <summary>Gradients of the keys, [L, H].</summary>
    public float* KeyGradients => Values + (_length * _size);

    /// <summary>Gradients of the values, [L, H].</summary>
    public float* ValueGradients => KeyGradients + (_length * _size);

    /// <summary>Scores, then attention weights, [L, lanes].</summary>
    public float* Weights => _start + (Parts * _length * _size);

    /// <summary>Gradients of the attention weights, [L, lanes].</summary>
    public float* WeightGradients => Weights + (_length * AttentionTile.Lanes);

    /// <summary>Transposed queries, [H, lanes].</summary>
    public float* Queries => WeightGradients + (_length * AttentionTile.Lanes);

    /// <summary>Transposed output or its gradient, [H, lanes].</summary>
    public float* Gradients => Queries + (_size * AttentionTile.Lanes);

    /// <summary>Rows of the lanes, [lanes, H].</summary>
    public float* Rows => Gradients + (_size * AttentionTile.Lanes);

    /// <summary>Grows the workspace for sequences of a length with heads of a size.</summary>
    public void Reserve(int length, int size)
    {
        if (length <= _length && size == _size)
        {
            return;
        }

        (_length, _size) = (Math.Max(length, _length), size);
        NativeMemory.AlignedFree(_start);
        _start = (float*)NativeMemory.AlignedAlloc((nuint)Bytes(_length, _size), Alignment);
    }

    /// <summary>Bytes for sequences of a length with heads of a size.</summary>
    public static long Bytes(int length, int size) =>
        sizeof(float) * (((long)Parts * length * size) + (2L * length * AttentionTile.Lanes) + (3L * size * AttentionTile.Lanes));

    /// <inheritdoc />
    public void Dispose()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
        _length = 0;
    }
}
