using System.Runtime.CompilerServices;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Causal fp32 attention on the CPU directly on packed rows: no padding, shared rows computed once, nothing computed for masked keys. For
/// models whose attention is a large part of the work: small heads, short sentences. PyTorch's fused kernel needs padded sentences and is
/// made for large heads.
/// </summary>
/// <remarks>
/// A task is one key-value head with its query heads over all segments in order, on one thread, so that the order of summation does not
/// depend on the number of threads.
/// </remarks>
internal sealed unsafe class RowAttention : IDisposable
{
    private readonly int _heads, _keyValueHeads, _size;
    private readonly int _width;
    private readonly float _scale;
    private readonly ParallelTasks _tasks = new();
    private readonly List<TileWorkspace> _workspaces = [];

    /// <summary>Attention for the blocks of a model.</summary>
    public RowAttention(BlockDescription block)
    {
        (_heads, _keyValueHeads, _size) = (block.Heads, block.KeyValueHeads, block.HeadSize);
        _width = (_heads + (2 * _keyValueHeads)) * _size;
        _scale = block.AttentionScale is double scale ? (float)scale : 1 / MathF.Sqrt(_size);
    }

    /// <summary>Whether it can compute the attention of a model.</summary>
    public static bool Supports(BlockDescription block, bool cpu, bool half) =>
        cpu && !half && block.HeadSize % AttentionTile.Lanes == 0 && block.AttentionSoftCap is null;

    /// <summary>
    /// Output [rows, N·H] and log-sum-exps [rows, N] for concatenated queries, keys and values, [rows, N + 2K, H]. The current dispose
    /// scope owns them.
    /// </summary>
    /// <param name="qkv">Already rotated, contiguous.</param>
    /// <param name="segments">Segments of the rows.</param>
    /// <param name="window">Number of rows that a row sees, itself included; 0: all before it.</param>
    /// <param name="fans">The other rows; null: there are none.</param>
    public (Tensor Output, Tensor LogSumExp) Forward(
        Tensor qkv, IReadOnlyList<Segment> segments, int window, IReadOnlyList<SegmentFan>? fans = null)
    {
        long rows = qkv.shape[0];
        Tensor output = empty(rows, _heads * _size);
        Tensor logSumExp = empty(rows, _heads);
        fixed (byte* x = qkv.bytes, o = output.bytes, n = logSumExp.bytes)
        {
            Pass pass = new((float*)x, (float*)o, (float*)n, null, null, segments, window);
            _tasks.Run(_keyValueHeads, Reserve(segments, fans ?? []), (head, worker) =>
            {
                Forward(pass, head, _workspaces[worker]);
                foreach (SegmentFan fan in fans ?? [])
                {
                    Forward(pass, fan, head, _workspaces[worker]);
                }
            });
        }

        return (output, logSumExp);
    }

    /// <summary>Gradient of queries, keys and values, [rows, N + 2K, H]; the current dispose scope owns it.</summary>
    /// <param name="g">Gradient of the output.</param>
    /// <param name="output">Output of the forward pass.</param>
    /// <param name="qkv">As in the forward pass.</param>
    /// <param name="logSumExp">Log-sum-exps of the forward pass.</param>
    /// <param name="segments">As in the forward pass.</param>
    /// <param name="window">As in the forward pass.</param>
    public Tensor Backward(Tensor g, Tensor output, Tensor qkv, Tensor logSumExp, IReadOnlyList<Segment> segments, int window)
    {
        Tensor gradient = zeros(qkv.shape);
        fixed (byte* x = qkv.bytes, o = output.bytes, n = logSumExp.bytes, dO = g.bytes, dX = gradient.bytes)
        {
            Pass pass = new((float*)x, (float*)o, (float*)n, (float*)dO, (float*)dX, segments, window);
            _tasks.Run(_keyValueHeads, Reserve(segments, []), (head, worker) => Backward(pass, head, _workspaces[worker]));
        }

        return gradient;
    }

    /// <inheritdoc />
    public void Dispose() => _workspaces.ForEach(workspace => workspace.Dispose());

    // Reserves a workspace for every thread and returns the maximum number of threads.
    private int Reserve(IReadOnlyList<Segment> segments, IReadOnlyList<SegmentFan> fans)
    {
        int longest = fans.Count == 0 ? 0 : fans.Max(fan => fan.PrefixRows.Count + fan.Rows.Max(row => row.Row - row.First) + 1);
        foreach (Segment segment in segments)
        {
            longest = Math.Max(longest, segment.PrefixRows.Count + segment.Count);
        }

        int threads = get_num_threads();
        while (_workspaces.Count < threads)
        {
            _workspaces.Add(new());
        }

        foreach (TileWorkspace workspace in _workspaces)
        {
            workspace.Reserve(longest, _size);
        }

        return threads;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Forward(in Pass pass, int shared, TileWorkspace work)
    {
        int group = _heads / _keyValueHeads;
        foreach (Segment segment in pass.Segments)
        {
            int prefix = segment.PrefixRows.Count;
            Collect(pass.Qkv, segment, KeyColumn(shared), work.Keys);
            Collect(pass.Qkv, segment, ValueColumn(shared), work.Values);
            for (int head = shared * group; head < (shared + 1) * group; head++)
            {
                for (int first = 0; first < segment.Count; first += AttentionTile.Lanes)
                {
                    long row = (long)segment.Start + first;
                    AttentionTile.Forward(
                        pass.Qkv + (row * _width) + (head * _size), _width, work.Keys, work.Values, prefix, first,
                        Math.Min(AttentionTile.Lanes, segment.Count - first), _size, _scale, pass.Window,
                        pass.Output + (((row * _heads) + head) * _size), _heads * _size, pass.LogSumExp + (row * _heads) + head,
                        _heads, work);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Forward(in Pass pass, SegmentFan fan, int shared, TileWorkspace work)
    {
        int group = _heads / _keyValueHeads;
        int prefix = fan.PrefixRows.Count;
        Segment keys = new(0, 0, fan.PrefixRows);
        Collect(pass.Qkv, keys, KeyColumn(shared), work.Keys);
        Collect(pass.Qkv, keys, ValueColumn(shared), work.Values);
        Span<(int First, int Row)> lanes = stackalloc (int, int)[AttentionTile.Lanes];
        for (int first = 0; first < fan.Rows.Count; first += AttentionTile.Lanes)
        {
            int count = Math.Min(AttentionTile.Lanes, fan.Rows.Count - first);
            for (int i = 0; i < count; i++)
            {
                lanes[i] = fan.Rows[first + i];
            }

            for (int head = shared * group; head < (shared + 1) * group; head++)
            {
                FanTile.HeadRows rows = new(pass.Qkv, _width, head * _size, KeyColumn(shared), ValueColumn(shared), _size);
                FanTile.Forward(
                    lanes[..count], rows, prefix, _scale, pass.Window, pass.Output + ((long)head * _size), _heads * _size,
                    pass.LogSumExp + head, _heads, work);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Backward(in Pass pass, int shared, TileWorkspace work)
    {
        int group = _heads / _keyValueHeads;
        foreach (Segment segment in pass.Segments)
        {
            int prefix = segment.PrefixRows.Count;
            Collect(pass.Qkv, segment, KeyColumn(shared), work.Keys);
            Collect(pass.Qkv, segment, ValueColumn(shared), work.Values);
            new Span<float>(work.KeyGradients, (prefix + segment.Count) * _size).Clear();
            new Span<float>(work.ValueGradients, (prefix + segment.Count) * _size).Clear();
            for (int head = shared * group; head < (shared + 1) * group; head++)
            {
                for (int first = 0; first < segment.Count; first += AttentionTile.Lanes)
                {
                    long row = (long)segment.Start + first;
                    long column = (row * _width) + (head * _size);
                    long at = ((row * _heads) + head) * _size;
                    AttentionTile.Backward(
                        pass.Qkv + column, pass.QkvGradient + column, _width, work.Keys, work.Values, work.KeyGradients,
                        work.ValueGradients, prefix, first, Math.Min(AttentionTile.Lanes, segment.Count - first), _size, _scale,
                        pass.Window,
                        pass.Output + at, pass.OutputGradient + at, _heads * _size, pass.LogSumExp + (row * _heads) + head, _heads, work);
                }
            }

            Add(work.KeyGradients, pass.QkvGradient, segment, KeyColumn(shared));
            Add(work.ValueGradients, pass.QkvGradient, segment, ValueColumn(shared));
        }
    }

    private int KeyColumn(int head) => (_heads + head) * _size;

    private int ValueColumn(int head) => (_heads + _keyValueHeads + head) * _size;

    // Copies one head of the segment's prefix rows and own rows to [L, H].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Collect(float* qkv, Segment segment, int column, float* to)
    {
        for (int i = 0; i < segment.PrefixRows.Count + segment.Count; i++)
        {
            new ReadOnlySpan<float>(Row(qkv, segment, i) + column, _size).CopyTo(new(to + (i * _size), _size));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(float* from, float* qkv, Segment segment, int column)
    {
        for (int i = 0; i < segment.PrefixRows.Count + segment.Count; i++)
        {
            float* row = Row(qkv, segment, i) + column;
            for (int h = 0; h < _size; h++)
            {
                row[h] += from[(i * _size) + h];
            }
        }
    }

    private float* Row(float* qkv, Segment segment, int i) =>
        qkv + ((long)(i < segment.PrefixRows.Count ? segment.PrefixRows[i] : segment.Start + i - segment.PrefixRows.Count) * _width);

    private readonly struct Pass(
        float* qkv,
        float* output,
        float* logSumExp,
        float* outputGradient,
        float* qkvGradient,
        IReadOnlyList<Segment> segments,
        int window)
    {
        public readonly float* Qkv = qkv,
            Output = output, LogSumExp = logSumExp, OutputGradient = outputGradient, QkvGradient = qkvGradient;
        public readonly IReadOnlyList<Segment> Segments = segments;

        // A window that is wider than any text has no effect.
        public readonly int Window = window > 0 ? window : int.MaxValue / 2;
    }
}
