using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Optimization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Memory;

/// <summary>Components of the estimate against the bytes of live tensors: no resident set, no noise.</summary>
public sealed class MemoryComponentsTests
{
    private const double Mebibyte = 1024 * 1024;

    private static readonly LlamaConfig _config = new()
    {
        ModelType = "llama",
        HiddenSize = 128,
        IntermediateSize = 352,
        Layers = 2,
        Heads = 4,
        KeyValueHeadsOrNull = 1,
        VocabularySize = 1024,
        ContextLength = 64,
        RmsNormEpsilon = 1e-5,
    };

    public static TheoryData<string, int, string, bool> Cases
    {
        get
        {
            TheoryData<string, int, string, bool> cases = [];
            foreach (string method in LoraMethods.All.Select(method => method.Id).Append("pissa branch"))
            {
                foreach (int rank in new[] { 2, 16 })
                {
                    foreach (string targets in new[] { "q_proj,v_proj", "all-linear" })
                    {
                        cases.Add(method, rank, targets, false);
                        cases.Add(method, rank, targets, true);
                    }
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Components_EqualTheBytesOfLiveTensors(string method, int rank, string targets, bool half)
        => AssertComponents(Spec(method, rank, targets, half), half);

    [Theory]
    [InlineData("lora")]
    [InlineData("lora-xs")]
    [InlineData("pissa")]
    [InlineData("pissa in the branch")]
    public void Components_LayersThatDiffer_EqualTheBytesOfLiveTensors(string method)
    {
        RunSpec spec = Spec(method, 4, "all-linear", half: false);

        // The lowest adapter is that of the second block.
        AssertComponents(
            spec with
            {
                LayersToTransform = [.. Enumerable.Range(1, _config.Layers - 1)],
                ExcludeModules = ["up_proj", "layers.1.self_attn.q_proj"],
                RankPattern = new Dictionary<string, int> { ["layers.1.self_attn.v_proj"] = 2, ["q_proj"] = 16 },
            },
            half: false);
    }

    /// <summary>The same with the kernels of a GPU, which save other activations.</summary>
    [Theory]
    [InlineData("lora", "q_proj,v_proj", false)]
    [InlineData("lora", "all-linear", true)]
    [InlineData("lora-plus", "all-linear", false)]
    public void Components_KernelsOfAGpu_EqualTheBytesOfLiveTensors(string method, string targets, bool half) =>
        AssertComponents(Spec(method, 4, targets, half), half, KernelSet.Gpu);

    private static void AssertComponents(RunSpec spec, bool half, KernelSet kernels = KernelSet.Cpu)
    {
        using IDisposable choice = Kernels.Choose(kernels);
        using IDisposable scope = NewDisposeScope();
        using LlamaModel model = LlamaFactory.Build(_config, (_, shape) =>
            rand(shape, half && shape.Length > 1 ? bfloat16 : float32).Times(0.05).DetachFromDisposeScope());
        using AdaptedLlama adapted = AdaptedLlama.Create(spec, on: model);
        FlatParameters flat = new(JoinedOrder.Of(model, adapted.Parameters, parameter => parameter.Value)
            .Select(parameter => (parameter.Name, parameter.Value, 1.0)));
        using FusedAdamW optimizer =
            new(flat, 0, 1, hooks: LoraMethods.Find(spec.Method)!.Hooks(spec, adapted.Adapters, steps: 10));
        using PackedLlama packed = new(model);
        using IndexArena arena = new();
        TrainingExample[] window = Sentences(33, 21, 40, 25);
        TrainingPass pass = TrainingPass.Create(
            arena, window, new PassLimits(window.Length, null, SharePrefix: true), _ => 0.01, _config);
        arena.Upload(CPU);
        PassShape shape = pass.Layout.Shape(pass.TargetRows);

        packed.Gradient(pass);
        MemoryRequest request = Request(spec, shape) with { Gpu = kernels == KernelSet.Gpu };
        MemoryEstimate estimate = MemoryEstimator.Of(request);

        Assert.Equal(model.NamedWeights().Sum(weight => Bytes(weight.Value)) / Mebibyte, estimate.WeightsMb, 1e-9);
        // Of trained weights, only the fp32 masters of rounded ones are other tensors.
        double factors = model.Trained is TrainedWeights weights
            ? weights.Parameters.Sum(parameter => Bytes(parameter.Value)) - (half ? model.NamedWeights().Where(weight =>
                weight.Value.dtype == float32).Sum(weight => Bytes(weight.Value)) : model.NamedWeights().Sum(weight => Bytes(weight.Value)))
            : AdapterFactors.Of(adapted.Adapters).Sum(factor => Bytes(factor.Value));
        double trained = Bytes(flat.Gradients) + optimizer.State.Sum(state => Bytes(state.Value));
        Assert.Equal((factors + trained) / Mebibyte, estimate.AdaptersMb + estimate.OptimizerMb, 1e-9);
        // Views of the arena start at multiples of 64 values.
        BlocksMemory blocks = MemoryEstimator.Blocks(request);
        double saved = blocks.Saved.Of(shape) - blocks.Below.Of(shape);
        Assert.InRange(packed.SavedBytes, saved, saved * 1.02);
    }

    [Fact]
    public void Weights_ReplacedAndMapped_CountTwice()
    {
        RunSpec spec = Spec("pissa", 4, "q_proj,v_proj", half: false);
        PassShape shape = PassShape.Largest(4, 40, 9);

        double own = MemoryEstimator.Weights(Request(spec, shape));
        double mapped = MemoryEstimator.Weights(Request(spec, shape) with { Mapped = true });

        Assert.Equal(4.0 * _config.Layers * 128 * (128 + 32), mapped - own);
    }

    [Fact]
    public void Total_IsTheSumOfItsParts()
    {
        MemoryEstimate estimate = MemoryEstimator.Of(Request(Spec("lora", 8, "all-linear", half: true), PassShape.Largest(16, 60, 9)) with
        {
            ProcessBytes = 5 * Mebibyte,
            IndexBytes = Mebibyte,
        });

        double baseline = estimate.WeightsMb + estimate.AdaptersMb + estimate.OptimizerMb + estimate.IndicesMb + estimate.ProcessMb;
        Assert.Equal(
            baseline + estimate.ActivationsMb + Math.Max(estimate.BlockMb, estimate.LogitsMb) + estimate.AllocatorMb,
            estimate.TrainingMb,
            1e-9);
        Assert.True(estimate.TotalMb >= estimate.TrainingMb);
    }

    [Fact]
    public void PackingRule_MemoryOfTheGpuUnknown_LimitsNoPass() =>
        Assert.Null(PackingRule.Resolve(new() { Precision = Precision.Fp16 }, _config, 60, gpu: true, double.PositiveInfinity).Tokens);

    [Fact]
    public void Of_Gpu_CountsTheSlackOfThePool()
    {
        MemoryRequest request = new()
        {
            Config = _config,
            Spec = new RunSpec { Precision = Precision.Fp16 },
            Adapters = MemoryRequest.AdaptersOf(new RunSpec(), _config),
            Training = [PassShape.Largest(4, 16, prefix: 0)],
            Evaluation = [PassShape.Largest(4, 16, prefix: 0)],
            Gpu = true,
        };
        MemoryEstimate estimate = MemoryEstimator.Of(request);

        Assert.Equal(
            40 + (0.1 * (estimate.ActivationsMb + Math.Max(estimate.BlockMb, estimate.LogitsMb))), estimate.AllocatorMb, precision: 9);
        Assert.True(estimate.TotalMb > estimate.WeightsMb + estimate.AllocatorMb);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(1024, false)]
    public void PackingRule_SavedActivations_LimitTokensIfMemoryIsShort(int mebibytes, bool limited)
    {
        RunSpec spec = Spec("lora", 8, "all-linear", half: false);

        PassLimits limits = PackingRule.Resolve(spec, _config, longest: 60, gpu: false, mebibytes * Mebibyte);

        Assert.Equal(limited, limits.Tokens is not null);
        if (limits.Tokens is int tokens)
        {
            Assert.InRange(tokens * PackingRule.BytesPerToken(spec, _config, gpu: false), 0, mebibytes * Mebibyte / 4);
        }
    }

    private static RunSpec Spec(string method, int rank, string targets, bool half)
    {
        string[] parts = method.Split(' ');
        JsonObject? options = parts.Length > 1 ? new() { ["residual"] = "branch" } : null;
        return AdaptedLlama.SpecOf(parts[0], rank, options: options) with
        {
            TargetModules = targets == "all-linear" ? TargetModules.AllLinear : TargetModules.Of(targets.Split(',')),
            Precision = half ? Precision.Bf16 : Precision.Fp32,
        };
    }

    private static MemoryRequest Request(RunSpec spec, PassShape shape) => new()
    {
        Config = _config,
        Spec = spec,
        Adapters = MemoryRequest.AdaptersOf(spec, _config),
        Training = [shape],
        Evaluation = [shape],
    };

    private static TrainingExample[] Sentences(params int[] lengths) =>
        [.. lengths.Order().Select((length, row) => TrainingExample.From(
            row, [1, 5, 6, 7, .. Enumerable.Range(0, length - 4).Select(i => 8 + (((row * 97) + (i * 31)) % 1000))], 1))];

    private static double Bytes(Tensor tensor) => tensor.numel() * tensor.ElementSize;
}
