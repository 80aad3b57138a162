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
        (Tensor qkv, Tensor g, Tensor expected, Tensor gradient) = Inputs(dtype, window);
        Tensor slots = arange(Length, device: _device), all = ones(Length, ScalarType.Bool, _device);
        Tensor[] layout = [slots, slots, slots, slots, all];
        Tensor lengths = tensor((long[])[Length]);

        Tensor[] plan = TorchScript.Tensors("joined_plan", layout, lengths, Heads, KeyValueHeads);
        Tensor[] unseen = TorchScript.Tensors("joined_unseen", lengths, window, qkv);
        Tensor output = TorchScript.Tensor("joined_attention", qkv, plan, unseen, lengths, Heads, 1 / Math.Sqrt(Size));
        Tensor found = TorchScript.Tensor(
            "joined_attention_backward", g, qkv, plan, unseen, lengths, Heads, KeyValueHeads, 0, 1 / Math.Sqrt(Size));

        Assert.InRange(Distance(output, expected), 0, limit);
        Assert.InRange(Distance(found, gradient), 0, limit);
    }

    /// <summary>The same of the general kernels, which blocks take that are not plain.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Attention_OfOtherBlocks_IsThatOfFloat64(ScalarType dtype, int window, double limit)
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor qkv, Tensor g, Tensor expected, Tensor gradient) = Inputs(dtype, window);
        Tensor slots = arange(Length, device: _device), all = ones(Length, ScalarType.Bool, _device);
        Tensor[] layout = [slots, slots, slots, slots, all];
        Tensor lengths = tensor((long[])[Length]);

        Tensor[] forward = TorchScript.Tensors(
            "attention", qkv, slots, layout, lengths, Heads, KeyValueHeads, 1 / Math.Sqrt(Size), window, 0.0, false);
        Tensor found = TorchScript.Tensor(
            "attention_backward", g, forward[0], qkv, forward[1], layout, lengths, Heads, KeyValueHeads, 0, 1 / Math.Sqrt(Size), window,
            0.0, false);

        Assert.InRange(Distance(forward[0], expected), 0, limit);
        Assert.InRange(Distance(found, gradient), 0, limit);
    }

    private static (Tensor Qkv, Tensor G, Tensor Output, Tensor Gradient) Inputs(ScalarType dtype, int window)
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
        Tensor scores = q.bmm(k.transpose(1, 2)).Times(1 / Math.Sqrt(Size));
        Assert.True(scores.abs().max().item<double>() > 300);
        Tensor output = scores.masked_fill(seen.eq(0), double.NegativeInfinity).softmax(-1).bmm(v).transpose(0, 1).flatten(1);
        output.mul(g.to(float64)).sum().backward();
        return (qkv.to(_device), g.to(_device), output.detach(), exact.grad!);
    }

    private static double Distance(Tensor found, Tensor expected) =>
        (found.cpu().to(float64).sub(expected).norm() / expected.norm()).item<double>();
}
