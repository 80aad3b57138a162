using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>What optimizer steps do to adapters and to the base.</summary>
public sealed class FirstStepTests
{
    private static readonly TrainingExample[] _window = AdaptedLlama.Window(5, 12, 7, 9, 15);

    public static TheoryData<string> Methods => MethodBatteryTests.Methods;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_SomeSteps_LeavesTheBaseByteForByte(string method)
    {
        using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf(method));
        Dictionary<string, byte[]> before = adapted.Model.NamedWeights().ToDictionary(weight => weight.Key, weight => weight.Value.bytes.ToArray());
        byte[][] trained = Bytes(adapted.Parameters.Select(parameter => parameter.Value));
        byte[][] frozen = Bytes(Frozen(adapted));

        double[] losses = adapted.Train(5, _window);

        Assert.All(adapted.Model.NamedWeights(), weight => Assert.True(weight.Value.bytes.SequenceEqual(before[weight.Key]), weight.Key));
        Assert.Equal(frozen, Bytes(Frozen(adapted)));
        Assert.All(Bytes(adapted.Parameters.Select(parameter => parameter.Value)).Zip(trained), pair => Assert.NotEqual(pair.Second, pair.First));
        Assert.True(losses[^1] < losses[0], $"the loss went from {losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void Train_MethodThatDecomposes_LeavesTheOriginalWeightsWhereItSaysSo()
    {
        using LlamaModel original = TinyLlama.Build();
        foreach (LoraMethod method in LoraMethods.All)
        {
            using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf(method.Id));
            adapted.Train(2, _window);
            foreach ((LinearLayer was, LinearLayer now) in original.Linears.Zip(adapted.Model.Linears))
            {
                bool taken = now.Adapter!.Taken is { FromBranch: false };
                Assert.Equal(taken, !now.Weight_OI.bytes.SequenceEqual(was.Weight_OI.bytes));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_Twice_IsTheSameToTheLastBit(string method)
    {
        using AdaptedLlama first = AdaptedLlama.Create(AdaptedLlama.SpecOf(method));
        using AdaptedLlama second = AdaptedLlama.Create(AdaptedLlama.SpecOf(method));

        Assert.Equal(first.Train(4, _window), second.Train(4, _window));
        Assert.Equal(Bytes(first.Parameters.Select(parameter => parameter.Value)), Bytes(second.Parameters.Select(parameter => parameter.Value)));
    }

    [Fact]
    public void Train_LoraPlusWithRatioOne_IsLoraBitForBit()
    {
        using TestTrainer trainer = new();
        JsonObject plus = MicroSpec.For("lora-plus");
        plus["methodOptions"] = new JsonObject { ["lrRatio"] = 1 };

        FinishedRun one = trainer.Run(MicroSpec.For("lora"));
        FinishedRun other = trainer.Run(plus);

        Assert.Equal((EndReason.Finished, EndReason.Finished), (one.Ended.Reason, other.Ended.Reason));
        Assert.Equal(one.Series(MetricKeys.TrainLoss), other.Series(MetricKeys.TrainLoss));
        Assert.Equal(one.Series(MetricKeys.TrainGradNorm), other.Series(MetricKeys.TrainGradNorm));
        Assert.Equal(Weights(one), Weights(other));

        static byte[] Weights(FinishedRun run) => File.ReadAllBytes(Path.Combine(run.Folder, RunFiles.Adapter, PeftFiles.Weights));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(16)]
    public void Train_LoraPlusFirstStep_MovesBByTheRatioTimesTheRate(double ratio)
    {
        const double Rate = 1e-3;
        using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf("lora-plus", options: new JsonObject { ["lrRatio"] = ratio }) with { LearningRate = Rate });
        byte[][] a = Bytes(adapted.Adapters.Select(adapter => adapter.A_RI));
        adapted.Accumulate(_window, 4);
        float[][] gradients = [.. adapted.Adapters.Select(adapter => TensorReader.Floats(adapter.B_OR.grad!))];

        adapted.Train(1, _window);

        // Adam's first step is the sign of the gradient; from B = 0 the gradient of A is zero.
        Assert.Equal(a, Bytes(adapted.Adapters.Select(adapter => adapter.A_RI)));
        foreach ((LowRankAdapter adapter, float[] gradient) in adapted.Adapters.Zip(gradients))
        {
            float[] moved = TensorReader.Floats(adapter.B_OR);
            int[] clear = [.. Enumerable.Range(0, moved.Length).Where(i => Math.Abs(gradient[i]) > 1e-5)];
            Assert.True(clear.Length > moved.Length / 2, adapter.Module);
            Assert.All(clear, i => Assert.Equal(-Math.Sign(gradient[i]) * ratio * Rate, moved[i], ratio * Rate * 2e-3));
        }
    }

    [Fact]
    public void Train_SwappedFirstStep_MovesOnlyA()
    {
        using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf("lora-swapped"));
        byte[][] b = Bytes(adapted.Adapters.Select(adapter => adapter.B_OR));

        adapted.Train(1, _window);

        Assert.Equal(b, Bytes(adapted.Adapters.Select(adapter => adapter.B_OR)));
        Assert.All(adapted.Adapters, adapter => Assert.True(adapter.A_RI.count_nonzero().item<long>() > 0));
    }

    private static IEnumerable<Tensor> Frozen(AdaptedLlama adapted) => adapted.Adapters
        .SelectMany(adapter => (Tensor?[])[adapter.A_RI, adapter.B_OR, adapter.R_RR, adapter.Taken?.A_RI, adapter.Taken?.B_OR])
        .OfType<Tensor>()
        .Where(factor => !factor.requires_grad);

    private static byte[][] Bytes(IEnumerable<Tensor> tensors) => [.. tensors.Select(tensor =>
    {
        using Tensor plain = tensor.detach().contiguous();
        return plain.bytes.ToArray();
    })];
}
