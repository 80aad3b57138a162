using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Families;

/// <summary>
/// The packed path of each family against its reference path in float64: the gradient is within 2e-6 relative, or no further away than
/// that of the reference path in fp32, which is the literal loop.
/// </summary>
public sealed class FamilyGradientTests(ITestOutputHelper output)
{
    private const double Limit = 2e-6;
    private const double EachParameter = 1e-5;
    private const string OfGpu = "shared prefix, kernels of a GPU";

    // Both errors are rounding noise, compared as root mean squares over these states. Blocks with large scores, which no family has, leave
    // more of it.
    private const double Noise = 1.05, NoiseOfUnusual = 1.5;
    private static readonly int[] _seeds = [5, 6, 7];

    private static readonly Dictionary<string, PassLimits> _packings = new()
    {
        ["packed"] = new(int.MaxValue, null, SharePrefix: false),
        ["shared prefix"] = new(int.MaxValue, null, SharePrefix: true),
        ["shared prefix, one bucket"] = new(int.MaxValue, null, SharePrefix: true, Bucketed: false),
        ["two sentences per pass"] = new(2, null, SharePrefix: true),
        [OfGpu] = new(int.MaxValue, null, SharePrefix: true, Bucketed: false),
    };

    /// <summary>Blocks that no published model of the fixtures has: soft caps, another scale, windows with heads of any size.</summary>
    public static TheoryData<string, int, int?, double?> Unusual => new()
    {
        { "gemma3_text", 16, 5, 4.0 },
        { "gemma3_text", 12, 5, null },
        { "gemma3_text", 12, null, 2.0 },
        { "mistral", 12, 7, null },
        { "mistral", 16, 1, null },
        { "qwen3", 10, 6, null },
        { "phi3", 10, 6, null },
        { "llama", 16, null, null },
        { "llama", 128, null, null },
        { "gemma3_text", 256, 7, null },
    };

    /// <summary>Other blocks with wide heads.</summary>
    public static TheoryData<string, int, int?, double?> Wide => new()
    {
        { "llama", 128, 7, null },
        { "qwen3", 128, 7, null },
        { "gemma3_text", 256, null, null },
    };

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(GoldenFamilies.Names), MemberType = typeof(GoldenFamilies))]
    public void Gradient_OfAFamily_IsThatOfTheReferencePath(string name)
    {
        TrainingExample[] window = [.. GoldenFamilies.Read(name, "forward.json")["prompts"]!.AsArray()
            .Select((prompt, row) => TrainingExample.From(row, GoldenFamilies.Ids(prompt!["ids"]), 1))];

        Compare(() => GoldenFamilies.Load(name, out _), window, Lora(TargetModules.AllLinear), Noise, name);
        Compare(() => GoldenFamilies.Load(name, out _), window, AdaptedLlama.SpecOf("full"), Noise, $"{name}, all weights");
    }

    /// <summary>The backward pass ends at the lowest adapted layer, whichever it is.</summary>
    [Theory]
    [InlineData("gemma3", "down_proj")]
    [InlineData("gemma3", "up_proj")]
    [InlineData("gemma3", "o_proj")]
    [InlineData("gemma3", "k_proj")]
    [InlineData("qwen2", "v_proj")]
    [InlineData("qwen3", "q_proj")]
    [InlineData("phi3", "down_proj")]
    [InlineData("phi3", "gate_up_proj")]
    [InlineData("phi3", "o_proj")]
    [InlineData("phi3", "qkv_proj")]
    [InlineData("llama-biases", "gate_proj")]
    public void Gradient_OfOneLayer_IsThatOfTheReferencePath(string name, string target)
    {
        TrainingExample[] window = [.. GoldenFamilies.Read(name, "forward.json")["prompts"]!.AsArray().Take(3)
            .Select((prompt, row) => TrainingExample.From(row, GoldenFamilies.Ids(prompt!["ids"]), 1))];

        Compare(() => GoldenFamilies.Load(name, out _), window, Lora(TargetModules.Of(target)), Noise, $"{name}, {target}");
    }

    [Theory]
    [Trait("Category", "Exhaustive")]
    [MemberData(nameof(Wide))]
    public void Gradient_OfAWideBlock_IsThatOfTheReferencePath(string type, int headSize, int? slidingWindow, double? softCap) =>
        Gradient_OfAnUnusualBlock_IsThatOfTheReferencePath(type, headSize, slidingWindow, softCap);

    [Theory]
    [MemberData(nameof(Unusual))]
    public void Gradient_OfAnUnusualBlock_IsThatOfTheReferencePath(string type, int headSize, int? slidingWindow, double? softCap)
    {
        LlamaConfig config = TinyLlama.Config with
        {
            ModelType = type,
            HeadSizeOrNull = headSize,
            Layers = 3,
            SlidingWindow = slidingWindow,
            LayerTypes = slidingWindow is null || type is "mistral" or "phi3"
                ? null
                : ["sliding_attention", "full_attention", "sliding_attention"],
            // The gains of Gemma are about 2 here, and scores grow with √H: with wide heads as of published models, they would be so large
            // that the softmax hides most gradients in the rounding noise of fp32, on the reference path, too.
            QueryScalar = type != "gemma3_text" ? null : headSize > 16 ? 16 * headSize : 7,
            AttentionSoftCap = softCap,
            FinalSoftCap = softCap * 3,
            AttentionBias = type is "qwen3" or "llama",
            MlpBias = type == "llama",
            TiedHead = true,
        };
        TrainingExample[] window = AdaptedLlama.Window(7, 9, [20, 14, 31, 14, 13, 25, 10]);

        foreach (RunSpec spec in (RunSpec[])[Lora(TargetModules.AllLinear), AdaptedLlama.SpecOf("full")])
        {
            Compare(
                () => TinyLlama.Build(config: config),
                window,
                spec,
                NoiseOfUnusual,
                $"{type}, {headSize}, {slidingWindow}, {softCap}, {spec.Method}");
        }
    }

    private static RunSpec Lora(TargetModules targets) => AdaptedLlama.SpecOf("lora") with { TargetModules = targets };

    private void Compare(Func<LlamaModel> build, TrainingExample[] window, RunSpec spec, double noise, string name)
    {
        double literalSquares = 0, farthest = 0;
        Dictionary<string, double> squares = _packings.Keys.ToDictionary(packing => packing, _ => 0.0);
        foreach (int seed in _seeds)
        {
            using AdaptedLlama fast = AdaptedLlama.Create(spec, on: build()).Perturb(seed);
            using AdaptedLlama narrow = AdaptedLlama.Create(spec, on: build()).Perturb(seed);
            using AdaptedLlama wide = AdaptedLlama.Create(spec, on: build()).Perturb(seed).ToFloat64Copy();
            double loss = wide.Accumulate(window, 1);
            using Tensor expected = wide.Gradient();
            narrow.Accumulate(window, 1);
            using Tensor literal = narrow.Gradient();
            literalSquares += Math.Pow(Distance(literal, expected), 2);
            foreach ((string packing, PassLimits limits) in _packings)
            {
                KernelSet kernels = packing == OfGpu ? KernelSet.Gpu : KernelSet.Cpu;
                Assert.Equal(loss, fast.AccumulatePacked(window, limits, kernels: kernels), 1e-6 * loss);
                using Tensor found = fast.Gradient();
                squares[packing] += Math.Pow(Distance(found, expected), 2);
                farthest = Math.Max(farthest, Farthest(fast, found, literal, expected, name));
            }
        }

        output.WriteLine($"DEVIATION | {name} | gradient of any parameter | {farthest:E2} | limit {EachParameter:E2}");
        double ofLiteral = Math.Sqrt(literalSquares / _seeds.Length);
        double limit = Math.Max(Limit, noise * ofLiteral);
        // With noise on all weights, gradients are larger sums of canceling terms.
        double sane = spec.Method == "full" ? 2e-5 : 1e-5;
        Assert.True(limit < sane, $"{name}: the reference path in fp32 is off by {limit:E2}");
        foreach ((string packing, double sum) in squares)
        {
            double distance = Math.Sqrt(sum / _seeds.Length);
            output.WriteLine($"DEVIATION | {name} | gradient, {packing} | {distance:E2} | limit {limit:E2} | literal {ofLiteral:E2}");
            Assert.True(distance <= limit, $"{name}, {packing}: the gradient is off by {distance:E2}, limit {limit:E2}");
        }
    }

    /// <summary>
    /// The largest relative error of a parameter's gradient. Sums of large terms that cancel out are as far off on the reference path in
    /// fp32.
    /// </summary>
    private static double Farthest(AdaptedLlama model, Tensor found, Tensor literal, Tensor expected, string name)
    {
        using IDisposable scope = NewDisposeScope();
        double farthest = 0;
        long at = 0;
        foreach (AdapterParameter parameter in model.Parameters)
        {
            long count = parameter.Value.numel();
            double off = Distance(found.narrow(0, at, count), expected.narrow(0, at, count));
            double ofLiteral = Distance(literal.narrow(0, at, count), expected.narrow(0, at, count));
            farthest = Math.Max(farthest, off);
            Assert.True(off <= Math.Max(EachParameter, 3 * ofLiteral), $"{name}: the gradient of {parameter.Name} is off by {off:E2}");
            at += count;
        }

        return farthest;
    }

    private static double Distance(Tensor found, Tensor expected)
    {
        using IDisposable scope = NewDisposeScope();
        return (found.to(float64).sub(expected.to(float64)).norm() / expected.to(float64).norm()).item<double>();
    }
}
