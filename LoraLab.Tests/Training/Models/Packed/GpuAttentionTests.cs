using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Packed;

/// <summary>
/// Attention of the kernels of a GPU on queries and keys whose scores are in the hundreds, which half precision rounds to multiples of a
/// quarter (fp16) or two (bf16), against attention in float64 on the same inputs. On another device with <c>LORALAB_TEST_DEVICE</c>.
/// </summary>
[Trait("Category", "SameMath")]
public sealed class GpuAttentionTests
{
    private const int Heads = 4;
    private const int KeyValueHeads = 2;
    private const int Size = 64;
    private const int Length = 24;
    private const int Window = 11;
    private static readonly double _scale = 1 / Math.Sqrt(Size);
    private static readonly Device _device = DeviceChoice.Resolve(Environment.GetEnvironmentVariable("LORALAB_TEST_DEVICE") ?? "cpu");

    // The outputs are rounded to half precision: half a unit in the last place of the largest.
    public static TheoryData<ScalarType, int, double> Cases => new()
    {
        { float16, 0, 1e-3 }, { bfloat16, 0, 8e-3 }, { float32, 0, 1e-4 }, { float16, Window, 1e-3 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void ForwardAndBackward_LargeScores_AreThoseOfFloat64(ScalarType dtype, int window, double limit)
    {
        using IDisposable scope = NewDisposeScope();
        Attention attention = Inputs(dtype, window);
        (Tensor qkv, Tensor lengths) = (attention.Qkv, attention.Lengths);

        Tensor[] plan = TorchScript.Tensors("joined_plan", attention.Layout, lengths, Heads, KeyValueHeads);
        Tensor[] unseen = TorchScript.Tensors("joined_unseen", lengths, window, qkv);
        attention.AssertSame(
            TorchScript.Tensor("joined_attention", qkv, plan, unseen, lengths, Heads, _scale),
            TorchScript.Tensor("joined_attention_backward", attention.G, qkv, plan, unseen, lengths, Heads, KeyValueHeads, 0, _scale),
            limit);
    }

    /// <summary>The same of the general kernels, which blocks take that are not plain.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Attention_OfOtherBlocks_IsThatOfFloat64(ScalarType dtype, int window, double limit)
    {
        using IDisposable scope = NewDisposeScope();
        Attention attention = Inputs(dtype, window);
        (Tensor qkv, Tensor[] layout, Tensor lengths) = (attention.Qkv, attention.Layout, attention.Lengths);

        Tensor[] forward = TorchScript.Tensors(
            "attention", qkv, layout[0], layout, lengths, Heads, KeyValueHeads, _scale, window, 0.0, false);
        Tensor backward = TorchScript.Tensor(
            "attention_backward", attention.G, forward[0], qkv, forward[1], layout, lengths, Heads, KeyValueHeads, 0, _scale, window, 0.0,
            false);
        attention.AssertSame(forward[0], backward, limit);
    }

    private static Attention Inputs(ScalarType dtype, int window)
    {
        Generator generator = new(5, CPU);
        Tensor qkv = randn([Length, Heads + (2 * KeyValueHeads), Size], generator: generator);
        qkv.narrow(1, 0, Heads + KeyValueHeads).TimesInPlace(12);
        qkv = qkv.to(dtype);
        Tensor g = randn([Length, Heads * Size], generator: generator).to(dtype);
        Tensor exact = qkv.to(float64).requires_grad_(true);
        Tensor[] parts = exact.split([Heads, KeyValueHeads, KeyValueHeads], 1);
        Tensor q = parts[0].transpose(0, 1);
        Tensor k = parts[1].transpose(0, 1).repeat_interleave(Heads / KeyValueHeads, 0);
        Tensor v = parts[2].transpose(0, 1).repeat_interleave(Heads / KeyValueHeads, 0);
        Tensor seen = ones(Length, Length).tril();
        seen = window > 0 ? seen.triu(1 - window) : seen;
        Tensor scores = q.bmm(k.transpose(1, 2)).Times(_scale);
        Assert.True(scores.abs().max().item<double>() > 300);
        Tensor output = scores.masked_fill(seen.eq(0), double.NegativeInfinity).softmax(-1).bmm(v).transpose(0, 1).flatten(1);
        output.mul(g.to(float64)).sum().backward();
        return new(qkv.to(_device), g.to(_device), output.detach(), exact.grad!);
    }

    /// <summary>One sequence: queries, keys and values, the gradient of the output, and what float64 gives for both passes.</summary>
    private sealed record Attention(Tensor Qkv, Tensor G, Tensor Output, Tensor Gradient)
    {
        public Tensor[] Layout { get; } =
            [.. Enumerable.Repeat(arange(Length, device: _device), 4), ones(Length, ScalarType.Bool, _device)];

        public Tensor Lengths { get; } = tensor((long[])[Length]);

        public void AssertSame(Tensor output, Tensor gradient, double limit)
        {
            Assert.InRange(Distance(output, Output), 0, limit);
            Assert.InRange(Distance(gradient, Gradient), 0, limit);
        }

        private static double Distance(Tensor found, Tensor expected) =>
            (found.cpu().to(float64).sub(expected).norm() / expected.norm()).item<double>();
    }
}
