using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Causal attention of one head over up to eight rows of a fan: lane i of a vector is row i. All lanes share the keys of the fan's prefix;
/// behind them, each has those of its own segment up to itself. Forward only.
/// </summary>
internal static unsafe class FanTile
{
    private const int Lanes = AttentionTile.Lanes;

    /// <summary>Computes output and log-sum-exp of the rows of the lanes.</summary>
    /// <param name="lanes">Rows with the first rows of their segments, at most 8.</param>
    /// <param name="heads">Concatenated queries, keys and values of all rows, and the place of this head in a row.</param>
    /// <param name="prefix">Number of keys in <see cref="TileWorkspace.Keys"/>, which all lanes share.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="window">Number of keys that a row sees, its own included.</param>
    /// <param name="o">Output of this head in row 0; the next row is <paramref name="outputStride"/> values further.</param>
    /// <param name="outputStride">Row stride of o, in values.</param>
    /// <param name="logSumExp">Log-sum-exp of this head in row 0.</param>
    /// <param name="logSumExpStride">Row stride of logSumExp, in values.</param>
    /// <param name="work">Workspace of the thread, with keys and values of the prefix.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(
        ReadOnlySpan<(int First, int Row)> lanes, in HeadRows heads, int prefix, float scale, int window, float* o, int outputStride,
        float* logSumExp, int logSumExpStride, TileWorkspace work)
    {
        int size = heads.Size;
        int tail = 0;
        new Span<float>(work.Queries, size * Lanes).Clear();
        Vector256<int> depths = default;
        for (int i = 0; i < lanes.Length; i++)
        {
            int depth = lanes[i].Row - lanes[i].First;
            depths = depths.WithElement(i, depth);
            tail = Math.Max(tail, depth + 1);
            float* q = heads.Query(lanes[i].Row);
            for (int h = 0; h < size; h++)
            {
                work.Queries[(h * Lanes) + i] = q[h] * scale;
            }
        }

        AttentionTile.Multiply(work.Queries, work.Keys, prefix, size, work.Weights);
        new Span<float>(work.Weights + (prefix * Lanes), tail * Lanes).Fill(float.NegativeInfinity);
        for (int i = 0; i < lanes.Length; i++)
        {
            for (int row = lanes[i].First; row <= lanes[i].Row; row++)
            {
                work.Weights[((prefix + row - lanes[i].First) * Lanes) + i] = heads.Score(row, work.Queries + i, Lanes);
            }
        }

        int count = prefix + tail;
        if (count > window)
        {
            for (int j = 0; j < count; j++)
            {
                Vector256<float> unseen =
                    Vector256.GreaterThanOrEqual(depths + Vector256.Create(prefix - j), Vector256.Create(window)).AsSingle();
                Vector256<float> s = Vector256.Load(work.Weights + (j * Lanes));
                Vector256.ConditionalSelect(unseen, Vector256.Create(float.NegativeInfinity), s).Store(work.Weights + (j * Lanes));
            }
        }

        (Vector256<float> top, Vector256<float> sum) = AttentionTile.Exponentials(work.Weights, count);
        AttentionTile.WeightedSum(work.Weights, work.Values, prefix, size, Vector256<float>.One, work.Gradients);
        for (int i = 0; i < lanes.Length; i++)
        {
            float* to = o + ((long)lanes[i].Row * outputStride);
            for (int h = 0; h < size; h++)
            {
                to[h] = work.Gradients[(h * Lanes) + i];
            }

            for (int row = lanes[i].First; row <= lanes[i].Row; row++)
            {
                float weight = work.Weights[((prefix + row - lanes[i].First) * Lanes) + i];
                float* v = heads.Value(row);
                for (int h = 0; h < size; h++)
                {
                    to[h] += weight * v[h];
                }
            }

            float factor = 1 / sum[i];
            for (int h = 0; h < size; h++)
            {
                to[h] *= factor;
            }

            logSumExp[(long)lanes[i].Row * logSumExpStride] = top[i] + MathF.Log(sum[i]);
        }
    }

    /// <summary>Query, key and value of one head in each row.</summary>
    internal readonly struct HeadRows(float* qkv, int width, int query, int key, int value, int size)
    {
        public int Size => size;

        public float* Query(int row) => qkv + ((long)row * width) + query;

        public float* Value(int row) => qkv + ((long)row * width) + value;

        /// <summary>Product of a row's key and a query whose values are <paramref name="stride"/> apart.</summary>
        public float Score(int row, float* q, int stride)
        {
            float* k = qkv + ((long)row * width) + key;
            float sum = 0;
            for (int h = 0; h < size; h++)
            {
                sum += q[h * stride] * k[h];
            }

            return sum;
        }
    }
}
