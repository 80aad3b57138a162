using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Packed;

/// <summary>Attention on packed rows against plain attention per sentence under autograd in float64.</summary>
public sealed class RowAttentionTests
{
    private const int Heads = 4;
    private const int KeyValueHeads = 2;

    // Common prefixes of different lengths: one shared by all, one within a branch, a sentence that is a prefix of another, equal ones.
    private static readonly int[][] _sentences =
    [
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        [1, 2, 3, 4, 5, 6, 7, 20, 21],
        [1, 2, 3, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47],
        [1, 2, 3, 30, 31],
        [1, 2, 3, 30, 31],
        [50],
    ];

    [Theory]
    [InlineData(8, 0, null)]
    [InlineData(16, 0, null)]
    [InlineData(64, 0, null)]
    [InlineData(8, 1, null)]
    [InlineData(8, 3, 0.2)]
    [InlineData(16, 8, null)]
    [InlineData(16, 9, 0.5)]
    [InlineData(8, 13, null)]
    [InlineData(8, 21, null)]
    [InlineData(8, 1000, 0.7)]
    public void ForwardAndBackward_SharedRows_EqualPlainAttention(int size, int window, double? scale)
    {
        using IDisposable scope = NewDisposeScope();
        PackedRows packed = PackedRows.AsTree(_sentences);
        long rows = packed.Ids.Count;
        Generator generator = new(5);
        Tensor qkv = randn([rows, Heads + (2 * KeyValueHeads), size], generator: generator).Times(2);
        Tensor g = randn([rows, Heads * size], generator: generator);
        using RowAttention attention = new(Block(size) with { AttentionScale = scale });

        (Tensor output, Tensor logSumExp) = attention.Forward(qkv, packed.Segments, window);
        Tensor gradient = attention.Backward(g, output, qkv, logSumExp, packed.Segments, window);

        Tensor exact = qkv.to(float64).requires_grad_(true);
        Tensor expected = Plain(exact, _sentences, packed, window, scale ?? 1 / Math.Sqrt(size));
        expected.mul(g.to(float64)).sum().backward();
        Assert.InRange(Distance(output, expected), 0, 1e-6);
        Assert.InRange(Distance(gradient, exact.grad!), 0, 1e-6);
    }

    [Theory]
    [InlineData(8, 0)]
    [InlineData(16, 3)]
    [InlineData(64, 14)]
    public void Forward_ShortSegmentsAfterTheSameRows_EqualsPlainAttention(int size, int window)
    {
        using IDisposable scope = NewDisposeScope();
        int[] prompt = [.. Enumerable.Range(1, 13)];
        int[][] branches =
        [
            prompt, [7, 8], .. Enumerable.Range(0, 11).Select(i => (int[])[.. prompt, 100 + i]), [7, 8, 9], [7, 8, 10, 11], [7, 8, 12],
            [.. prompt, 200, 1, 2, 3], [.. prompt, 201, 1, 2], [.. prompt, 202, 1, 2, 3, 4, 5],
        ];
        int[][] sorted = [.. branches.OrderBy(ids => ids.Length)];
        PackedRows packed = PackedRows.AsTree(sorted);
        (IReadOnlyList<Segment> alone, IReadOnlyList<SegmentFan> fans) = SegmentFan.Of(packed.Segments);
        Tensor qkv = randn([packed.Ids.Count, Heads + (2 * KeyValueHeads), size], generator: new Generator(5)).Times(2);
        using RowAttention attention = new(Block(size));

        (Tensor output, Tensor logSumExp) = attention.Forward(qkv, alone, window, fans);
        (Tensor one, Tensor oneLogSumExp) = attention.Forward(qkv, packed.Segments, window);

        Assert.Equal([3, 17], fans.Select(fan => fan.Rows.Count).Order());
        Assert.Equal(packed.Ids.Count, alone.Sum(segment => segment.Count) + fans.Sum(fan => fan.Rows.Count));
        Assert.InRange(Distance(output, Plain(qkv.to(float64), sorted, packed, window, 1 / Math.Sqrt(size))), 0, 1e-6);
        Assert.InRange(Distance(output, one.to(float64)), 0, 1e-6);
        Assert.InRange(Distance(logSumExp, oneLogSumExp.to(float64)), 0, 1e-6);
    }

    [Fact]
    public void Backward_AnyNumberOfThreads_IsBitIdentical()
    {
        using IDisposable scope = NewDisposeScope();
        PackedRows packed = PackedRows.AsTree(_sentences);
        Tensor qkv = randn([packed.Ids.Count, Heads + (2 * KeyValueHeads), 8]);
        Tensor g = randn([packed.Ids.Count, Heads * 8]);
        using RowAttention attention = new(Block(8));
        int before = get_num_threads();
        try
        {
            Tensor[] gradients = [.. new[] { 1, 2, 7 }.Select(threads =>
            {
                set_num_threads(threads);
                (Tensor output, Tensor logSumExp) = attention.Forward(qkv, packed.Segments, window: 0);
                return attention.Backward(g, output, qkv, logSumExp, packed.Segments, window: 0);
            })];

            Assert.All(gradients.Skip(1), other => Assert.True(other.equal(gradients[0]).all().item<bool>()));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void Supports_OnlyFp32OnTheCpuWithHeadsOfWholeVectors()
    {
        Assert.True(RowAttention.Supports(Block(8), cpu: true, half: false));
        Assert.False(RowAttention.Supports(Block(12), cpu: true, half: false));
        Assert.False(RowAttention.Supports(Block(8), cpu: true, half: true));
        Assert.False(RowAttention.Supports(Block(8), cpu: false, half: false));
        Assert.False(RowAttention.Supports(Block(8) with { AttentionSoftCap = 50 }, cpu: true, half: false));
    }

    private static BlockDescription Block(int size) => new LlamaConfig
    {
        ModelType = "llama",
        HiddenSize = Heads * size,
        IntermediateSize = 16,
        Layers = 1,
        Heads = Heads,
        KeyValueHeadsOrNull = KeyValueHeads,
        VocabularySize = 64,
        ContextLength = 64,
        RmsNormEpsilon = 1e-5,
    }.Block;

    // The output of a row is that of the first sentence it belongs to: all of them compute the same.
    private static Tensor Plain(Tensor qkv, int[][] sentences, PackedRows packed, int window, double scale)
    {
        Tensor[] outputs = new Tensor[packed.Ids.Count];
        for (int s = 0; s < sentences.Length; s++)
        {
            long[] path = [.. Enumerable.Range(0, sentences[s].Length).Select(t => (long)packed.Row(s, t))];
            Tensor x_LNH = qkv.index_select(0, tensor(path));
            Tensor q_NLH = x_LNH.narrow(1, 0, Heads).transpose(0, 1);
            Tensor k_NLH = x_LNH.narrow(1, Heads, KeyValueHeads).repeat_interleave(Heads / KeyValueHeads, 1).transpose(0, 1);
            Tensor v_NLH = x_LNH.narrow(1, Heads + KeyValueHeads, KeyValueHeads).repeat_interleave(Heads / KeyValueHeads, 1)
                .transpose(0, 1);
            Tensor all_LL = ones([path.Length, path.Length], dtype: ScalarType.Bool);
            Tensor unseen_LL = window > 0 ? all_LL.triu(1).logical_or(all_LL.tril(-window)) : all_LL.triu(1);
            Tensor p_NLL = q_NLH.bmm(k_NLH.transpose(1, 2)).mul(scale)
                .masked_fill(unseen_LL, double.NegativeInfinity).softmax(-1);
            Tensor o_LD = p_NLL.bmm(v_NLH).transpose(0, 1).flatten(1);
            for (int t = 0; t < path.Length; t++)
            {
                outputs[path[t]] ??= o_LD[t];
            }
        }

        return stack(outputs);
    }

    private static double Distance(Tensor found, Tensor expected)
    {
        using IDisposable noGrad = no_grad();
        return found.to(float64).sub(expected).norm().div(expected.norm()).item<double>();
    }
}
