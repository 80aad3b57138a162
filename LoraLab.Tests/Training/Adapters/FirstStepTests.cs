using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>Effects of a run's optimizer steps on adapters and base weights.</summary>
public sealed class FirstStepTests
{
    private const int Window = 8;

    public static TheoryData<string> Methods => MethodBatteryTests.Adapters;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_SomeSteps_LeavesTheBaseUnchanged(string method)
    {
        using TestTrainer trainer = new();
        using OpenRun run = new(trainer, trainer.NewFolder(), Spec(method, steps: 5));
        PreparedRun prepared = run.Prepared;
        Dictionary<string, byte[]> before = prepared.Model.NamedWeights()
            .ToDictionary(weight => weight.Key, weight => weight.Value.bytes.ToArray());
        byte[][] trained = Bytes(Trained(prepared));
        byte[][] frozen = Bytes(Frozen(prepared));

        Assert.Null(run.Run());

        Assert.All(prepared.Model.NamedWeights(), weight => Assert.True(weight.Value.bytes.SequenceEqual(before[weight.Key]), weight.Key));
        Assert.Equal(frozen, Bytes(Frozen(prepared)));
        Assert.All(Bytes(Trained(prepared)).Zip(trained), pair => Assert.NotEqual(pair.Second, pair.First));
        // The same window in all five steps.
        double[] losses = [.. run.Reported(MetricKeys.TrainLoss).Select(point => point.Value)];
        Assert.Equal(5, losses.Length);
        Assert.True(losses[^1] < losses[0], $"the loss went from {losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void Train_AnyMethod_ChangesWeightsOnlyIfFactorsWereSubtracted()
    {
        using TestTrainer trainer = new();
        string folder = trainer.Services.Models.Find("sample").Folder;
        using LlamaModel original = LlamaLoader.Load(folder, LlamaConfig.Read(folder), float32, CPU);
        foreach (LoraMethod method in LoraMethods.All.Where(method => !method.TrainsWeights))
        {
            using OpenRun run = new(trainer, trainer.NewFolder(), Spec(method.Id, steps: 2));
            Assert.Null(run.Run());
            foreach ((LinearLayer was, LinearLayer now) in original.Linears.Zip(run.Prepared.Model.Linears))
            {
                bool subtracted = now.Adapter!.Find(AdapterFactor.ExtractedA.Name()) is not null;
                Assert.Equal(subtracted, !now.Weight_OI.bytes.SequenceEqual(was.Weight_OI.bytes));
            }
        }
    }

    [Fact]
    public void Train_LoraPlusWithRatioOne_IsBitIdenticalToLora()
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
        using TestTrainer trainer = new();
        JsonObject spec = Spec("lora-plus", steps: 1);
        (spec["learningRate"], spec["maxGradNorm"], spec["methodOptions"]) = (Rate, null, new JsonObject { ["lrRatio"] = ratio });
        using OpenRun run = new(trainer, trainer.NewFolder(), spec);
        IReadOnlyList<LowRankAdapter> adapters = [.. run.Prepared.Adapters.Select(adapter => adapter.LowRank())];
        byte[][] a = Bytes(adapters.Select(adapter => adapter.A_RI));
        float[][] gradients = [];

        Assert.Null(run.Run((prepared, _) =>
            gradients = [.. prepared.Adapters.Select(adapter => TensorReader.Floats(adapter.LowRank().B_OR.grad!))]));

        // Adam's first step is the sign of the gradient; from B = 0 the gradient of A is zero.
        Assert.Equal(adapters.Count, gradients.Length);
        Assert.Equal(a, Bytes(adapters.Select(adapter => adapter.A_RI)));
        foreach ((LowRankAdapter adapter, float[] gradient) in adapters.Zip(gradients))
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
        using TestTrainer trainer = new();
        using OpenRun run = new(trainer, trainer.NewFolder(), Spec("lora-swapped", steps: 1));
        byte[][] b = Bytes(run.Prepared.Adapters.Select(adapter => adapter.LowRank().B_OR));

        Assert.Null(run.Run());

        Assert.Equal(b, Bytes(run.Prepared.Adapters.Select(adapter => adapter.LowRank().B_OR)));
        Assert.All(run.Prepared.Adapters, adapter => Assert.True(adapter.LowRank().A_RI.count_nonzero().item<long>() > 0));
    }

    /// <summary>Default learning rates on all linear layers, with the same window in every step.</summary>
    private static JsonObject Spec(string method, int steps)
    {
        JsonObject spec = MicroSpec.For(method);
        spec.Remove("learningRate");
        (spec["targetModules"], spec["trainSamples"], spec["effectiveBatch"], spec["epochs"]) = ("all-linear", Window, Window, steps);
        (spec["evalEvery"], spec["evalSamples"]) = (1000, 4);
        return spec;
    }

    private static IEnumerable<Tensor> Trained(PreparedRun run) =>
        run.Adapters.SelectMany(adapter => adapter.Trainable).Select(parameter => parameter.Value);

    private static IEnumerable<Tensor> Frozen(PreparedRun run) => run.Adapters
        .SelectMany(adapter => adapter.Tensors.Select(tensor => tensor.Value))
        .Where(factor => !factor.requires_grad);

    private static byte[][] Bytes(IEnumerable<Tensor> tensors) => [.. tensors.Select(tensor =>
    {
        using Tensor plain = tensor.detach().contiguous();
        return plain.bytes.ToArray();
    })];
}
