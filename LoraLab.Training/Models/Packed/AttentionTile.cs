using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Causal attention of one head over the rows of one segment, eight queries at a time: lane i of a vector is query i. Its rows are
/// contiguous, [L, H] with H a multiple of 8; the first <c>before</c> of the L keys belong to rows that come before every query.
/// </summary>
/// <remarks>Optimised at the first call: loops of a short run would otherwise be over before the runtime finds them worth it.</remarks>
internal static unsafe class AttentionTile
{
    /// <summary>Queries of a tile.</summary>
    public const int Lanes = 8;

    private const int Unrolled = 4;

    /// <summary>Output and log-normaliser of the queries <paramref name="first"/> to <paramref name="first"/> + <paramref name="lanes"/> − 1.</summary>
    /// <param name="q">Their first query; the next is <paramref name="rowStride"/> values on.</param>
    /// <param name="rowStride">Values from row to row of q.</param>
    /// <param name="keys">[L, H].</param>
    /// <param name="values">[L, H].</param>
    /// <param name="before">Keys before the segment's own.</param>
    /// <param name="first">First query, counted in the segment.</param>
    /// <param name="lanes">Queries, at most 8.</param>
    /// <param name="size">H.</param>
    /// <param name="o">Where their output goes.</param>
    /// <param name="outputStride">Values from row to row of o.</param>
    /// <param name="normalisers">Where their log-normalisers go.</param>
    /// <param name="normaliserStride">Values from row to row of these.</param>
    /// <param name="work">Scratch of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(
        float* q, int rowStride, float* keys, float* values, int before, int first, int lanes, int size, float* o, int outputStride, float* normalisers, int normaliserStride, TileWorkspace work)
    {
        int count = before + first + lanes;
        Transpose(q, rowStride, lanes, size, 1 / MathF.Sqrt(size), work.Queries);
        Products(work.Queries, keys, count, size, work.Weights);
        Vector256<float> top = Vector256.Create(float.NegativeInfinity);
        for (int j = 0; j < count; j++)
        {
            Vector256<float> s = Masked(Vector256.Load(work.Weights + (j * Lanes)), j - before - first);
            s.Store(work.Weights + (j * Lanes));
            top = Vector256.Max(top, s);
        }

        Vector256<float> sum = Vector256<float>.Zero;
        for (int j = 0; j < count; j++)
        {
            Vector256<float> p = VectorExp.Of(Vector256.Load(work.Weights + (j * Lanes)) - top);
            p.Store(work.Weights + (j * Lanes));
            sum += p;
        }

        Combine(work.Weights, values, count, size, Vector256<float>.One / sum, work.Gradients);
        Scatter(work.Gradients, lanes, size, o, outputStride);
        for (int i = 0; i < lanes; i++)
        {
            normalisers[i * normaliserStride] = top[i] + MathF.Log(sum[i]);
        }
    }

    /// <summary>
    /// The way back: writes the queries' gradient and adds to those of keys and values. With p the weights and g = dL/do:
    /// dv = pᵀ g, ds = p ∘ (g vᵀ − g·o), dq = ds k / √H, dk = dsᵀ q / √H.
    /// </summary>
    /// <param name="q">First query; dq beside it in its own rows of the same stride.</param>
    /// <param name="dq">Where their gradient goes.</param>
    /// <param name="rowStride">Values from row to row of q and dq.</param>
    /// <param name="keys">[L, H].</param>
    /// <param name="values">[L, H].</param>
    /// <param name="keyGradients">[L, H], added to.</param>
    /// <param name="valueGradients">[L, H], added to.</param>
    /// <param name="before">Keys before the segment's own.</param>
    /// <param name="first">First query, counted in the segment.</param>
    /// <param name="lanes">Queries, at most 8.</param>
    /// <param name="size">H.</param>
    /// <param name="o">Their output.</param>
    /// <param name="g">Its gradient.</param>
    /// <param name="outputStride">Values from row to row of o and g.</param>
    /// <param name="normalisers">Their log-normalisers.</param>
    /// <param name="normaliserStride">Values from row to row of these.</param>
    /// <param name="work">Scratch of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(
        float* q, float* dq, int rowStride, float* keys, float* values, float* keyGradients, float* valueGradients, int before, int first, int lanes, int size, float* o, float* g, int outputStride, float* normalisers, int normaliserStride, TileWorkspace work)
    {
        int count = before + first + lanes;
        float scale = 1 / MathF.Sqrt(size);
        Transpose(q, rowStride, lanes, size, scale, work.Queries);
        Transpose(g, outputStride, lanes, size, 1, work.Gradients);
        Vector256<float> dot = Vector256<float>.Zero;
        Vector256<float> normaliser = Vector256<float>.Zero;
        for (int i = 0; i < lanes; i++)
        {
            float product = 0;
            for (int h = 0; h < size; h++)
            {
                product += o[(i * outputStride) + h] * g[(i * outputStride) + h];
            }

            dot = dot.WithElement(i, product);
            normaliser = normaliser.WithElement(i, normalisers[i * normaliserStride]);
        }

        Products(work.Queries, keys, count, size, work.Weights);
        Products(work.Gradients, values, count, size, work.WeightGradients);
        for (int j = 0; j < count; j++)
        {
            Vector256<float> p = VectorExp.Of(Masked(Vector256.Load(work.Weights + (j * Lanes)), j - before - first) - normaliser);
            p.Store(work.Weights + (j * Lanes));
            (p * (Vector256.Load(work.WeightGradients + (j * Lanes)) - dot)).Store(work.WeightGradients + (j * Lanes));
        }

        Gather(g, outputStride, lanes, size, 1, work.Rows);
        Spread(work.Weights, work.Rows, count, size, valueGradients);
        Gather(q, rowStride, lanes, size, scale, work.Rows);
        Spread(work.WeightGradients, work.Rows, count, size, keyGradients);
        Combine(work.WeightGradients, keys, count, size, Vector256.Create(scale), work.Queries);
        Scatter(work.Queries, lanes, size, dq, rowStride);
    }

    // A key that comes after a query weighs nothing in its lane. later: how far the key is behind the first query.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Masked(Vector256<float> s, int later) => later <= 0
        ? s
        : Vector256.ConditionalSelect(
            Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(later)).AsSingle(), Vector256.Create(float.NegativeInfinity), s);

    // x [H, lanes] times rows [count, H] to [count, lanes].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Products(float* x, float* rows, int count, int size, float* result)
    {
        int j = 0;
        for (; j + Unrolled <= count; j += Unrolled)
        {
            float* row = rows + (j * size);
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            for (int h = 0; h < size; h++)
            {
                Vector256<float> x_h = Vector256.Load(x + (h * Lanes));
                s0 = Vector256.FusedMultiplyAdd(x_h, Vector256.Create(row[h]), s0);
                s1 = Vector256.FusedMultiplyAdd(x_h, Vector256.Create(row[size + h]), s1);
                s2 = Vector256.FusedMultiplyAdd(x_h, Vector256.Create(row[(2 * size) + h]), s2);
                s3 = Vector256.FusedMultiplyAdd(x_h, Vector256.Create(row[(3 * size) + h]), s3);
            }

            s0.Store(result + (j * Lanes));
            s1.Store(result + ((j + 1) * Lanes));
            s2.Store(result + ((j + 2) * Lanes));
            s3.Store(result + ((j + 3) * Lanes));
        }

        for (; j < count; j++)
        {
            Vector256<float> s = default;
            for (int h = 0; h < size; h++)
            {
                s = Vector256.FusedMultiplyAdd(Vector256.Load(x + (h * Lanes)), Vector256.Create(rows[(j * size) + h]), s);
            }

            s.Store(result + (j * Lanes));
        }
    }

    // Weights [count, lanes] times rows [count, H], times a factor of each lane, to [H, lanes].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Combine(float* weights, float* rows, int count, int size, Vector256<float> factor, float* result)
    {
        for (int h = 0; h < size; h += Unrolled)
        {
            Vector256<float> o0 = default, o1 = default, o2 = default, o3 = default;
            float* row = rows + h;
            for (int j = 0; j < count; j++, row += size)
            {
                Vector256<float> p = Vector256.Load(weights + (j * Lanes));
                o0 = Vector256.FusedMultiplyAdd(p, Vector256.Create(row[0]), o0);
                o1 = Vector256.FusedMultiplyAdd(p, Vector256.Create(row[1]), o1);
                o2 = Vector256.FusedMultiplyAdd(p, Vector256.Create(row[2]), o2);
                o3 = Vector256.FusedMultiplyAdd(p, Vector256.Create(row[3]), o3);
            }

            (o0 * factor).Store(result + (h * Lanes));
            (o1 * factor).Store(result + ((h + 1) * Lanes));
            (o2 * factor).Store(result + ((h + 2) * Lanes));
            (o3 * factor).Store(result + ((h + 3) * Lanes));
        }
    }

    // Adds weights [count, lanes] times the lanes' rows [lanes, H] to [count, H].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(float* weights, float* rows, int count, int size, float* result)
    {
        for (int h = 0; h < size; h += Lanes)
        {
            Vector256<float> r0 = Vector256.Load(rows + h), r1 = Vector256.Load(rows + size + h), r2 = Vector256.Load(rows + (2 * size) + h), r3 = Vector256.Load(rows + (3 * size) + h);
            Vector256<float> r4 = Vector256.Load(rows + (4 * size) + h), r5 = Vector256.Load(rows + (5 * size) + h), r6 = Vector256.Load(rows + (6 * size) + h), r7 = Vector256.Load(rows + (7 * size) + h);
            for (int j = 0; j < count; j++)
            {
                float* w = weights + (j * Lanes);
                float* to = result + (j * size) + h;
                Vector256<float> even = Vector256.FusedMultiplyAdd(Vector256.Create(w[0]), r0, Vector256.Load(to));
                Vector256<float> odd = Vector256.Create(w[1]) * r1;
                even = Vector256.FusedMultiplyAdd(Vector256.Create(w[2]), r2, even);
                odd = Vector256.FusedMultiplyAdd(Vector256.Create(w[3]), r3, odd);
                even = Vector256.FusedMultiplyAdd(Vector256.Create(w[4]), r4, even);
                odd = Vector256.FusedMultiplyAdd(Vector256.Create(w[5]), r5, odd);
                even = Vector256.FusedMultiplyAdd(Vector256.Create(w[6]), r6, even);
                odd = Vector256.FusedMultiplyAdd(Vector256.Create(w[7]), r7, odd);
                (even + odd).Store(to);
            }
        }
    }

    // Rows of the lanes, times a factor, to [H, lanes]; lanes without a query are 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* rows, int stride, int lanes, int size, float factor, float* result)
    {
        new Span<float>(result, size * Lanes).Clear();
        for (int i = 0; i < lanes; i++)
        {
            for (int h = 0; h < size; h++)
            {
                result[(h * Lanes) + i] = rows[(i * stride) + h] * factor;
            }
        }
    }

    // Rows of the lanes, times a factor, to [lanes, H]; lanes without a query are 0.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(float* rows, int stride, int lanes, int size, float factor, float* result)
    {
        new Span<float>(result, Lanes * size).Clear();
        for (int i = 0; i < lanes; i++)
        {
            for (int h = 0; h < size; h++)
            {
                result[(i * size) + h] = rows[(i * stride) + h] * factor;
            }
        }
    }

    // [H, lanes] to the rows of the lanes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scatter(float* x, int lanes, int size, float* rows, int stride)
    {
        for (int i = 0; i < lanes; i++)
        {
            for (int h = 0; h < size; h++)
            {
                rows[(i * stride) + h] = x[(h * Lanes) + i];
            }
        }
    }
}
