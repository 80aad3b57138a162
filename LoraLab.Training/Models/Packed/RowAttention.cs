using System.Runtime.CompilerServices;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Causal attention in fp32 on the CPU, straight on packed rows: no padding, the rows that sentences share computed once, nothing computed
/// behind a query. For models whose attention is not small beside their products: heads of a few values, short sentences. The library's
/// kernel wants padded sentences and large heads.
/// </summary>
/// <remarks>
/// A piece of work is one key-value head with its query heads, over all segments in order, by one thread: sums have one order whatever the
/// number of threads.
/// </remarks>
internal sealed unsafe class RowAttention : IDisposable
{
    private readonly int _heads, _keyValueHeads, _size;
    private readonly int _width;
    private readonly ParallelTasks _team = new();
    private readonly List<TileWorkspace> _scratch = [];

    /// <summary>Attention of a model.</summary>
    public RowAttention(LlamaConfig config)
    {
        (_heads, _keyValueHeads, _size) = (config.Heads, config.KeyValueHeads, config.HeadSize);
        _width = (_heads + (2 * _keyValueHeads)) * _size;
    }

    /// <summary>Whether it computes for a model.</summary>
    public static bool Takes(LlamaConfig config, bool cpu, bool half) => cpu && !half && config.HeadSize % AttentionTile.Lanes == 0;

    /// <summary>
    /// Output [rows, N·H] and log-normalisers [rows, N] of queries, keys and values side by side, [rows, N + 2K, H]. The current dispose scope owns them.
    /// </summary>
    /// <param name="qkv">Rotated already, contiguous.</param>
    /// <param name="segments">The rows.</param>
    public (Tensor Output, Tensor Normalisers) Forward(Tensor qkv, IReadOnlyList<Segment> segments)
    {
        long rows = qkv.shape[0];
        Tensor output = empty(rows, _heads * _size);
        Tensor normalisers = empty(rows, _heads);
        fixed (byte* x = qkv.bytes, o = output.bytes, n = normalisers.bytes)
        {
            Pass pass = new((float*)x, (float*)o, (float*)n, null, null, segments);
            _team.Run(_keyValueHeads, Reserve(segments), (head, worker) => Forward(pass, head, _scratch[worker]));
        }

        return (output, normalisers);
    }

    /// <summary>Gradient of queries, keys and values, [rows, N + 2K, H]; the current dispose scope owns it.</summary>
    /// <param name="g">Gradient of the output.</param>
    /// <param name="output">The output.</param>
    /// <param name="qkv">As for the way there.</param>
    /// <param name="normalisers">The log-normalisers.</param>
    /// <param name="segments">As for the way there.</param>
    public Tensor Backward(Tensor g, Tensor output, Tensor qkv, Tensor normalisers, IReadOnlyList<Segment> segments)
    {
        Tensor gradient = zeros(qkv.shape);
        fixed (byte* x = qkv.bytes, o = output.bytes, n = normalisers.bytes, dO = g.bytes, dX = gradient.bytes)
        {
            Pass pass = new((float*)x, (float*)o, (float*)n, (float*)dO, (float*)dX, segments);
            _team.Run(_keyValueHeads, Reserve(segments), (head, worker) => Backward(pass, head, _scratch[worker]));
        }

        return gradient;
    }

    /// <inheritdoc />
    public void Dispose() => _scratch.ForEach(scratch => scratch.Dispose());

    // Scratch for every thread; how many there may be.
    private int Reserve(IReadOnlyList<Segment> segments)
    {
        int longest = 0;
        foreach (Segment segment in segments)
        {
            longest = Math.Max(longest, segment.Before.Count + segment.Count);
        }

        int threads = get_num_threads();
        while (_scratch.Count < threads)
        {
            _scratch.Add(new());
        }

        foreach (TileWorkspace scratch in _scratch)
        {
            scratch.Reserve(longest, _size);
        }

        return threads;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Forward(in Pass pass, int shared, TileWorkspace work)
    {
        int group = _heads / _keyValueHeads;
        foreach (Segment segment in pass.Segments)
        {
            int before = segment.Before.Count;
            Collect(pass.Qkv, segment, KeyColumn(shared), work.Keys);
            Collect(pass.Qkv, segment, ValueColumn(shared), work.Values);
            for (int head = shared * group; head < (shared + 1) * group; head++)
            {
                for (int first = 0; first < segment.Count; first += AttentionTile.Lanes)
                {
                    long row = (long)segment.Start + first;
                    AttentionTile.Forward(
                        pass.Qkv + (row * _width) + (head * _size), _width, work.Keys, work.Values, before, first, Math.Min(AttentionTile.Lanes, segment.Count - first), _size,
                        pass.Output + (((row * _heads) + head) * _size), _heads * _size, pass.Normalisers + (row * _heads) + head, _heads, work);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Backward(in Pass pass, int shared, TileWorkspace work)
    {
        int group = _heads / _keyValueHeads;
        foreach (Segment segment in pass.Segments)
        {
            int before = segment.Before.Count;
            Collect(pass.Qkv, segment, KeyColumn(shared), work.Keys);
            Collect(pass.Qkv, segment, ValueColumn(shared), work.Values);
            new Span<float>(work.KeyGradients, (before + segment.Count) * _size).Clear();
            new Span<float>(work.ValueGradients, (before + segment.Count) * _size).Clear();
            for (int head = shared * group; head < (shared + 1) * group; head++)
            {
                for (int first = 0; first < segment.Count; first += AttentionTile.Lanes)
                {
                    long row = (long)segment.Start + first;
                    long column = (row * _width) + (head * _size);
                    long at = ((row * _heads) + head) * _size;
                    AttentionTile.Backward(
                        pass.Qkv + column, pass.QkvGradient + column, _width, work.Keys, work.Values, work.KeyGradients, work.ValueGradients, before, first, Math.Min(AttentionTile.Lanes, segment.Count - first), _size,
                        pass.Output + at, pass.OutputGradient + at, _heads * _size, pass.Normalisers + (row * _heads) + head, _heads, work);
                }
            }

            Add(work.KeyGradients, pass.QkvGradient, segment, KeyColumn(shared));
            Add(work.ValueGradients, pass.QkvGradient, segment, ValueColumn(shared));
        }
    }

    private int KeyColumn(int head) => (_heads + head) * _size;

    private int ValueColumn(int head) => (_heads + _keyValueHeads + head) * _size;

    // One head of a segment's rows, those before it first, to [L, H].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Collect(float* qkv, Segment segment, int column, float* to)
    {
        for (int i = 0; i < segment.Before.Count + segment.Count; i++)
        {
            new ReadOnlySpan<float>(Row(qkv, segment, i) + column, _size).CopyTo(new(to + (i * _size), _size));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(float* from, float* qkv, Segment segment, int column)
    {
        for (int i = 0; i < segment.Before.Count + segment.Count; i++)
        {
            float* row = Row(qkv, segment, i) + column;
            for (int h = 0; h < _size; h++)
            {
                row[h] += from[(i * _size) + h];
            }
        }
    }

    private float* Row(float* qkv, Segment segment, int i) =>
        qkv + ((long)(i < segment.Before.Count ? segment.Before[i] : segment.Start + i - segment.Before.Count) * _width);

    private readonly struct Pass(float* qkv, float* output, float* normalisers, float* outputGradient, float* qkvGradient, IReadOnlyList<Segment> segments)
    {
        public readonly float* Qkv = qkv, Output = output, Normalisers = normalisers, OutputGradient = outputGradient, QkvGradient = qkvGradient;
        public readonly IReadOnlyList<Segment> Segments = segments;
    }
}
