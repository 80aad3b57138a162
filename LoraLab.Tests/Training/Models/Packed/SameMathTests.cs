using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Packed;

/// <summary>
/// Every faster path computes the gradient of the reference path (one sentence per pass, plain autograd, float64) at a state where every
/// A, B and R is random and none is zero. On another device with <c>LORALAB_TEST_DEVICE</c>.
/// </summary>
[Trait("Category", "SameMath")]
public sealed class SameMathTests
{
    private const double Whole = 2e-6;
    private const double EachTensor = 1e-5;
    private static readonly Device _device = DeviceChoice.Resolve(Environment.GetEnvironmentVariable("LORALAB_TEST_DEVICE") ?? "cpu");

    private static readonly KernelSet[] _kernels =
        Kernels.For(_device) == KernelSet.Gpu ? [KernelSet.Gpu] : [KernelSet.Cpu, KernelSet.Gpu];

    private static readonly Dictionary<string, PassLimits> _packings = new()
    {
        ["packed"] = new(int.MaxValue, null, SharePrefix: false),
        ["shared prefix"] = new(int.MaxValue, null, SharePrefix: true),
        ["shared prefix, one bucket"] = new(int.MaxValue, null, SharePrefix: true, Bucketed: false),
        ["two sentences per pass"] = new(2, null, SharePrefix: true),
        ["forty tokens per pass"] = new(int.MaxValue, 40, SharePrefix: true),
    };

    private static readonly Dictionary<string, string[]?> _targets = new()
    {
        ["all-linear"] = null,
        ["q, v"] = ["q_proj", "v_proj"],
        ["o, gate"] = ["o_proj", "gate_proj"],
        ["up"] = ["up_proj"],
        ["down"] = ["down_proj"],
    };

    public static TheoryData<string, string, LossScope, LossWeighting> Cases
    {
        get
        {
            TheoryData<string, string, LossScope, LossWeighting> cases = [];
            foreach (string method in LoraMethods.All.Select(method => method.Id).Append("pissa branch"))
            {
                foreach (LossScope scope in Enum.GetValues<LossScope>())
                {
                    foreach (LossWeighting weighting in Enum.GetValues<LossWeighting>())
                    {
                        cases.Add(method, "all-linear", scope, weighting);
                    }
                }
            }

            foreach (string targets in _targets.Keys.Skip(1))
            {
                cases.Add("lora", targets, LossScope.Full, LossWeighting.PerExampleMean);
                cases.Add("lora-xs", targets, LossScope.Completion, LossWeighting.PerToken);
            }

            return cases;
        }
    }

    public static TheoryData<string, int[], int> Edges => new()
    {
        { "identical sentences", [12, 12, 12], 12 },
        { "one is a prefix of another", [8, 15, 22], 22 },
        { "a pass of one", [17], 17 },
        { "only BOS in common", [9, 14, 11], 1 },
        { "sentences of one input token", [2, 2, 9], 2 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradient_AnyPacking_EqualsTheReferencePathInFloat64(string method, string targets, LossScope scope, LossWeighting weighting)
    {
        TrainingExample[] window = Scoped(AdaptedLlama.Window(7, 9, [20, 14, 31, 14, 13, 25, 10]), scope);
        RunSpec spec = Spec(method) with
        {
            TargetModules = _targets[targets] is string[] names ? TargetModules.Of(names) : TargetModules.AllLinear,
        };
        using AdaptedLlama fast = Create(spec);
        (double loss, Tensor expected) = Reference(spec, window, weighting);
        foreach ((string packing, PassLimits limits) in _packings)
        {
            Assert.Equal(loss, fast.AccumulatePacked(window, limits, weighting), 1e-6 * loss);
            AssertSame(expected, fast, packing);
            // Other targets and weights change only the loss, so that one packing is enough for them.
            if ((scope == LossScope.Full && weighting == LossWeighting.PerExampleMean) || packing == "shared prefix, one bucket")
            {
                Assert.Equal(loss, fast.AccumulatePacked(window, limits, weighting, kernels: KernelSet.Gpu), 1e-6 * loss);
                AssertSame(expected, fast, $"{packing}, kernels of a GPU");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Edges))]
    public void Gradient_EdgesOfTheSharedPrefix_AreExact(string name, int[] lengths, int common)
    {
        TrainingExample[] window = AdaptedLlama.Window(3, common, lengths);
        RunSpec spec = Spec("lora");
        using AdaptedLlama fast = Create(spec);
        (double loss, Tensor expected) = Reference(spec, window, LossWeighting.PerExampleMean);

        foreach (KernelSet kernels in _kernels)
        {
            Assert.Equal(loss, fast.AccumulatePacked(window, _packings["shared prefix"], kernels: kernels), 1e-6 * loss);
            AssertSame(expected, fast, $"{name}, {kernels}");
        }
    }

    [Fact]
    public void Gradient_CompletionTargetAtTheBranchPoint_IsIncluded()
    {
        // Row 5 is the prefix's last: each sentence's first target follows it, and they differ.
        TrainingExample[] window =
            [.. AdaptedLlama.Window(5, 6, [9, 10, 12]).Select(example => TrainingExample.From(example.Row, example.Ids, 6))];
        RunSpec spec = Spec("lora-plus");
        using AdaptedLlama fast = Create(spec);
        (double loss, Tensor expected) = Reference(spec, window, LossWeighting.PerToken);

        foreach (KernelSet kernels in _kernels)
        {
            double found = fast.AccumulatePacked(window, _packings["shared prefix"], LossWeighting.PerToken, kernels: kernels);
            Assert.Equal(loss, found, 1e-6 * loss);
            AssertSame(expected, fast, $"branch point, {kernels}");
        }
    }

    [Fact]
    public void Gradient_WithDropout_UsesTheMasksOfTheReferencePath()
    {
        TrainingExample[] window = AdaptedLlama.Window(5, 4, [9, 10, 12, 21]);
        RunSpec spec = Spec("lora") with { Dropout = 0.3 };
        using AdaptedLlama fast = Create(spec);
        DropoutMasks masks = new(11, 3, [], []);
        using AdaptedLlama wide = fast.ToFloat64Copy();
        double reference = wide.Accumulate(window, 2, masks: masks);
        using Tensor expected = wide.Gradient();
        double none = fast.AccumulatePacked(window, _packings["packed"]);

        Assert.NotEqual(reference, none, 1e-3 * none);
        foreach (KernelSet kernels in _kernels)
        {
            foreach (PassLimits limits in (PassLimits[])[_packings["packed"], new(1, null, SharePrefix: false)])
            {
                Assert.Equal(reference, fast.AccumulatePacked(window, limits, masks: masks, kernels: kernels), 1e-6 * reference);
                AssertSame(expected, fast, $"dropout, {limits}, {kernels}");
            }
        }
    }

    [Fact]
    public void Loss_PissaWithResidualInBranch_IsBitIdenticalToTheBase()
    {
        RunSpec spec = Spec("pissa branch");
        using AdaptedLlama adapted = AdaptedLlama.Create(spec, on: TinyLlama.Build(device: _device));
        TrainingExample[] window = AdaptedLlama.Window(5, 4, [9, 10, 12, 21]);

        (double start, double joined) = (Loss(KernelSet.Cpu), Loss(KernelSet.Gpu));
        foreach (Adapter adapter in adapted.Adapters)
        {
            adapted.Model.Linears.Single(linear => linear.Name == adapter.Module).Adapter = null;
        }

        Assert.Equal(Loss(KernelSet.Cpu), start);
        // A GPU's kernels join the products of layers with adapters, which sum in another order than those of layers without.
        Assert.Equal(Loss(KernelSet.Gpu), joined, 1e-7 * joined);

        double Loss(KernelSet kernels) => adapted.AccumulatePacked(window, _packings["shared prefix"], kernels: kernels);
    }

    [Theory]
    [InlineData("lora", ScalarType.BFloat16, 0.99)]
    [InlineData("lora", ScalarType.Float16, 0.999)]
    [InlineData("dora", ScalarType.BFloat16, 0.99)]
    [InlineData("dora", ScalarType.Float16, 0.999)]
    [InlineData("adalora", ScalarType.BFloat16, 0.99)]
    public void Gradient_HalfPrecisionBase_HasTheDirectionOfFp32(string method, ScalarType dtype, double cosine)
    {
        TrainingExample[] window = AdaptedLlama.Window(7, 9, [20, 14, 31, 14, 13, 25, 10]);
        using AdaptedLlama wide = Create(Spec(method));
        using AdaptedLlama half = AdaptedLlama.Create(Spec(method), on: TinyLlama.Build(dtype: dtype, device: _device)).Perturb(5);
        wide.AccumulatePacked(window, _packings["shared prefix"]);
        using IDisposable scope = NewDisposeScope();
        Tensor a = wide.Gradient();
        foreach (KernelSet kernels in _kernels)
        {
            half.AccumulatePacked(window, _packings["shared prefix"], kernels: kernels);
            Tensor b = half.Gradient();

            Assert.InRange(a.dot(b).item<float>() / (a.norm().item<float>() * b.norm().item<float>()), cosine, 1.00001);
        }
    }

    private static RunSpec Spec(string method) => method == "pissa branch"
        ? AdaptedLlama.SpecOf("pissa", options: new JsonObject { ["residual"] = "branch" })
        : AdaptedLlama.SpecOf(method);

    private static AdaptedLlama Create(RunSpec spec) => AdaptedLlama.Create(spec, on: TinyLlama.Build(device: _device)).Perturb(5);

    [Theory]
    [InlineData(LossWeighting.PerExampleMean)]
    [InlineData(LossWeighting.PerToken)]
    public void Gradient_SeveralRangesOfTargets_EqualsTheReferencePathInFloat64(LossWeighting weighting)
    {
        // As in a conversation: targets, others, targets; inside the shared prefix, at its end and behind it.
        TrainingExample[] window = [.. AdaptedLlama.Window(11, 9, [20, 14, 31, 13]).Select((example, i) => example with
        {
            Targets = [new(2, 4), new(8, 10 + (i % 2)), new(example.Ids.Length - 2, example.Ids.Length)],
        })];
        RunSpec spec = Spec("lora");
        using AdaptedLlama fast = Create(spec);
        (double loss, Tensor expected) = Reference(spec, window, weighting);
        foreach (KernelSet kernels in _kernels)
        {
            foreach ((string packing, PassLimits limits) in _packings)
            {
                Assert.Equal(loss, fast.AccumulatePacked(window, limits, weighting, kernels: kernels), 1e-6 * loss);
                AssertSame(expected, fast, $"{packing}, {kernels}");
            }
        }
    }

    /// <summary>The reference: the values of the fp32 state, widened to float64.</summary>
    private static (double Loss, Tensor Gradient) Reference(RunSpec spec, TrainingExample[] window, LossWeighting weighting)
    {
        using AdaptedLlama narrow = AdaptedLlama.Create(spec).Perturb(5);
        using AdaptedLlama wide = narrow.ToFloat64Copy();
        double loss = wide.Accumulate(window, 1, weighting);
        return (loss, wide.Gradient());
    }

    private static TrainingExample[] Scoped(TrainingExample[] window, LossScope scope) =>
        scope == LossScope.Full
            ? window
            : [.. window.Select(example => TrainingExample.From(example.Row, example.Ids, example.Ids.Length - 3))];

    private static void AssertSame(Tensor expected, AdaptedLlama fast, string name)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor found = fast.Gradient().to(float64).cpu();
        double whole = Distance(found, expected);
        Assert.True(whole <= Whole, $"{name}: the gradient is off by {whole:E2}");
        double norm = expected.norm().item<double>();
        long at = 0;
        foreach (AdapterParameter parameter in fast.Parameters)
        {
            Tensor part = expected.narrow(0, at, parameter.Value.numel());
            if (part.norm().item<double>() > 1e-3 * norm)
            {
                double off = Distance(found.narrow(0, at, parameter.Value.numel()), part);
                Assert.True(off <= EachTensor, $"{name}: the gradient of {parameter.Name} is off by {off:E2}");
            }

            at += parameter.Value.numel();
        }
    }

    private static double Distance(Tensor found, Tensor expected)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor wide = expected.to(float64).cpu();
        return (found.to(float64).cpu().sub(wide).norm() / wide.norm()).item<double>();
    }
}
