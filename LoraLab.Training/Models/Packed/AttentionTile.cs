using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Causal attention of one head over the rows of one segment, eight queries at a time: lane i of a vector is query i. Keys and values are
/// contiguous, [L, H] with H a multiple of 8; the first <c>prefix</c> of the L keys belong to rows that precede every query.
/// </summary>
/// <remarks>Fully optimized on the first call: a short run would otherwise end before tiered compilation promotes the loops.</remarks>
internal static unsafe class AttentionTile
{
    /// <summary>Queries of a tile.</summary>
    public const int Lanes = 8;

    private const int Unrolled = 4;

    /// <summary>
    /// Computes output and log-sum-exp of the queries <paramref name="first"/> to <paramref name="first"/> + <paramref name="lanes"/> − 1.
    /// </summary>
    /// <param name="q">First query; the next one is <paramref name="rowStride"/> values further.</param>
    /// <param name="rowStride">Row stride of q, in values.</param>
    /// <param name="keys">[L, H].</param>
    /// <param name="values">[L, H].</param>
    /// <param name="prefix">Number of keys before the segment's own.</param>
    /// <param name="first">Index of the first query within the segment.</param>
    /// <param name="lanes">Number of queries, at most 8.</param>
    /// <param name="size">H.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="window">Number of keys that a query sees, its own included.</param>
    /// <param name="o">Receives the output.</param>
    /// <param name="outputStride">Row stride of o, in values.</param>
    /// <param name="logSumExp">Receives the log-sum-exp of each query's scores.</param>
    /// <param name="logSumExpStride">Row stride of logSumExp, in values.</param>
    /// <param name="work">Workspace of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(
        float* q, int rowStride, float* keys, float* values, int prefix, int first, int lanes, int size, float scale, int window,
        float* o, int outputStride, float* logSumExp, int logSumExpStride, TileWorkspace work)
    {
        int unseen = Unseen(prefix + first, window);
        keys += unseen * size;
        values += unseen * size;
        prefix -= unseen;
        int count = prefix + first + lanes;
        Transpose(q, rowStride, lanes, size, scale, work.Queries);
        Multiply(work.Queries, keys, count, size, work.Weights);
        Vector256<float> top = Vector256.Create(float.NegativeInfinity);
        for (int j = 0; j < count; j++)
        {
            Vector256<float> s = Masked(Vector256.Load(work.Weights + (j * Lanes)), j - prefix - first, window);
            s.Store(work.Weights + (j * Lanes));
            top = Vector256.Max(top, s);
        }

        Vector256<float> sum = Exponentials(work.Weights, count, top);
        WeightedSum(work.Weights, values, count, size, Vector256<float>.One / sum, work.Gradients);
        Scatter(work.Gradients, lanes, size, o, outputStride);
        for (int i = 0; i < lanes; i++)
        {
            logSumExp[i * logSumExpStride] = top[i] + MathF.Log(sum[i]);
        }
    }

    /// <summary>
    /// Backward pass: writes the gradient of the queries and accumulates those of keys and values. With p the attention weights and g =
    /// dL/do: dv = pᵀ g, ds = p ∘ (g vᵀ − g·o), dq = ds k / √H, dk = dsᵀ q / √H.
    /// </summary>
    /// <param name="q">First query.</param>
    /// <param name="dq">Receives the gradient of the queries, with the same row stride.</param>
    /// <param name="rowStride">Row stride of q and dq, in values.</param>
    /// <param name="keys">[L, H].</param>
    /// <param name="values">[L, H].</param>
    /// <param name="keyGradients">[L, H], accumulated into.</param>
    /// <param name="valueGradients">[L, H], accumulated into.</param>
    /// <param name="prefix">Number of keys before the segment's own.</param>
    /// <param name="first">Index of the first query within the segment.</param>
    /// <param name="lanes">Number of queries, at most 8.</param>
    /// <param name="size">H.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="window">Number of keys that a query sees, its own included.</param>
    /// <param name="o">Output of the forward pass.</param>
    /// <param name="g">Gradient of the output.</param>
    /// <param name="outputStride">Row stride of o and g, in values.</param>
    /// <param name="logSumExp">Log-sum-exps of the forward pass.</param>
    /// <param name="logSumExpStride">Row stride of logSumExp, in values.</param>
    /// <param name="work">Workspace of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(
        float* q, float* dq, int rowStride, float* keys, float* values, float* keyGradients, float* valueGradients, int prefix, int first,
        int lanes, int size, float scale, int window, float* o, float* g, int outputStride, float* logSumExp, int logSumExpStride,
        TileWorkspace work)
    {
        int unseen = Unseen(prefix + first, window);
        keys += unseen * size;
        values += unseen * size;
        keyGradients += unseen * size;
        valueGradients += unseen * size;
        prefix -= unseen;
        int count = prefix + first + lanes;
        Transpose(q, rowStride, lanes, size, scale, work.Queries);
        Transpose(g, outputStride, lanes, size, 1, work.Gradients);
        Vector256<float> dot = Vector256<float>.Zero;
        Vector256<float> laneLogSumExp = Vector256<float>.Zero;
        for (int i = 0; i < lanes; i++)
        {
            float product = 0;
            for (int h = 0; h < size; h++)
            {
                product += o[(i * outputStride) + h] * g[(i * outputStride) + h];
            }

            dot = dot.WithElement(i, product);
            laneLogSumExp = laneLogSumExp.WithElement(i, logSumExp[i * logSumExpStride]);
        }

        Multiply(work.Queries, keys, count, size, work.Weights);
        Multiply(work.Gradients, values, count, size, work.WeightGradients);
        for (int j = 0; j < count; j++)
        {
            Vector256<float> s = Masked(Vector256.Load(work.Weights + (j * Lanes)), j - prefix - first, window);
            Vector256<float> p = VectorExp.Of(s - laneLogSumExp);
            p.Store(work.Weights + (j * Lanes));
            (p * (Vector256.Load(work.WeightGradients + (j * Lanes)) - dot)).Store(work.WeightGradients + (j * Lanes));
        }

        Gather(g, outputStride, lanes, size, 1, work.Rows);
        AddOuterProducts(work.Weights, work.Rows, count, size, valueGradients);
        Gather(q, rowStride, lanes, size, scale, work.Rows);
        AddOuterProducts(work.WeightGradients, work.Rows, count, size, keyGradients);
        WeightedSum(work.WeightGradients, keys, count, size, Vector256.Create(scale), work.Queries);
        Scatter(work.Queries, lanes, size, dq, rowStride);
    }

    /// <summary>Replaces scores [count, lanes] by their exponentials relative to the highest; returns the highest and the sums.</summary>
    internal static (Vector256<float> Top, Vector256<float> Sum) Exponentials(float* scores, int count)
    {
        Vector256<float> top = Vector256.Create(float.NegativeInfinity);
        for (int j = 0; j < count; j++)
        {
            top = Vector256.Max(top, Vector256.Load(scores + (j * Lanes)));
        }

        return (top, Exponentials(scores, count, top));
    }

    /// <summary>Product of rows [count, H] and x [H, lanes] → [count, lanes].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(float* x, float* rows, int count, int size, float* result)
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

    /// <summary>Product of the transposed rows [count, H] and weights [count, lanes], scaled per lane → [H, lanes].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void WeightedSum(float* weights, float* rows, int count, int size, Vector256<float> factor, float* result)
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Exponentials(float* scores, int count, Vector256<float> top)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        for (int j = 0; j < count; j++)
        {
            Vector256<float> p = VectorExp.Of(Vector256.Load(scores + (j * Lanes)) - top);
            p.Store(scores + (j * Lanes));
            sum += p;
        }

        return sum;
    }

    // Number of leading keys that no query of a tile sees; position: that of its first query.
    private static int Unseen(int position, int window) => Math.Max(0, position - window + 1);

    // −∞ in the lanes of queries that precede the key or whose window begins after it. later: position of the key relative to the first
    // query.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Masked(Vector256<float> s, int later, int window)
    {
        Vector256<float> unseen = Vector256.Create(float.NegativeInfinity);
        if (later > 0)
        {
            s = Vector256.ConditionalSelect(Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(later)).AsSingle(), unseen, s);
        }

        if (later + window < Lanes)
        {
            s = Vector256.ConditionalSelect(
                Vector256.GreaterThanOrEqual(Vector256<int>.Indices, Vector256.Create(later + window)).AsSingle(), unseen, s);
        }

        return s;
    }

    // Adds weights [count, lanes] times rows [lanes, H] to result [count, H].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddOuterProducts(float* weights, float* rows, int count, int size, float* result)
    {
        for (int h = 0; h < size; h += Lanes)
        {
            Vector256<float> r0 = Vector256.Load(rows + h), r1 = Vector256.Load(rows + size + h),
                r2 = Vector256.Load(rows + (2 * size) + h), r3 = Vector256.Load(rows + (3 * size) + h);
            Vector256<float> r4 = Vector256.Load(rows + (4 * size) + h), r5 = Vector256.Load(rows + (5 * size) + h),
                r6 = Vector256.Load(rows + (6 * size) + h), r7 = Vector256.Load(rows + (7 * size) + h);
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

    // Rows of the lanes, scaled and transposed → [H, lanes]; lanes without a query are 0.
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

    // Rows of the lanes, scaled → [lanes, H]; lanes without a query are 0.
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

    // [H, lanes] → the rows of the lanes.
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
