using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Models.Families;
using LoraLab.Tests.Training.Models.Generation;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Generation;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Packed;

/// <summary>Layers that compute with functions of their adapter's tensors: weight updates, biases, factors.</summary>
public sealed class ComputedLayerTests
{
    private static readonly PassLimits _packing = new(int.MaxValue, null, SharePrefix: true);

    private static readonly string[] _methods = ["vera 4", "ia3 4", "loha 2", "loha 4", "lokr 2"];

    /// <summary>Methods with their ranks: at rank 2, LoHa's layers have factors, at rank 4 weight updates.</summary>
    public static TheoryData<string> Methods => [.. _methods];

    public static MatrixTheoryData<string, string> OfFamilies => new(["gemma3", "llama-biases", "phi3", "qwen2"], _methods);

    [Theory]
    [MemberData(nameof(OfFamilies))]
    public void Gradient_OfAFamily_IsThatOfTheReferencePathInFloat64(string name, string method)
    {
        TrainingExample[] window = [.. GoldenFamilies.Read(name, "forward.json")["prompts"]!.AsArray().Take(3)
            .Select((prompt, row) => TrainingExample.From(row, GoldenFamilies.Ids(prompt!["ids"]), 1))];
        using AdaptedLlama fast = Create(method, GoldenFamilies.Load(name, out _));
        using AdaptedLlama wide = Create(method, GoldenFamilies.Load(name, out _)).ToFloat64Copy();
        double loss = wide.Accumulate(window, 1);
        using Tensor expected = wide.Gradient();

        double found = fast.AccumulatePacked(window, _packing);

        Assert.Equal(loss, found, 2e-6 * loss);
        using Tensor gradient = fast.Gradient();
        Assert.InRange(Distance(gradient, expected), 0, 1e-5);
    }

    // The updates of the MLP's layers have 1.3 million values, more than one part.
    [Theory]
    [InlineData("ia3 4")]
    [InlineData("loha 40")]
    [InlineData("lokr 2")]
    public void Gradient_UpdateOfSeveralParts_IsThatOfTheReferencePathInFloat64(string method)
    {
        LlamaConfig config = TinyLlama.Config with { IntermediateSize = 20_000, Layers = 1 };
        TrainingExample[] window = AdaptedLlama.Window(7, 4, [12, 9]);
        using AdaptedLlama fast = Create(method, TinyLlama.Build(config: config));
        using AdaptedLlama wide = Create(method, TinyLlama.Build(config: config)).ToFloat64Copy();
        Assert.Contains(fast.Model.Linears, layer => layer.Adapter!.Compute(layer).WeightUpdate!.Parts(layer).Count() > 1);
        double loss = wide.Accumulate(window, 1);
        using Tensor expected = wide.Gradient();

        double found = fast.AccumulatePacked(window, _packing);

        Assert.Equal(loss, found, 2e-6 * loss);
        using Tensor gradient = fast.Gradient();
        Assert.InRange(Distance(gradient, expected), 0, 1e-5);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Gradient_HalfPrecisionBase_HasTheDirectionOfFp32(string method)
    {
        TrainingExample[] window = AdaptedLlama.Window(7, 9, [20, 14, 31, 14, 13, 25, 10]);
        using AdaptedLlama wide = Create(method, TinyLlama.Build());
        using AdaptedLlama half = Create(method, TinyLlama.Build(dtype: bfloat16));
        wide.AccumulatePacked(window, _packing);
        half.AccumulatePacked(window, _packing);
        using IDisposable scope = NewDisposeScope();
        Tensor a = wide.Gradient(), b = half.Gradient();

        Assert.InRange(a.dot(b).item<float>() / (a.norm().item<float>() * b.norm().item<float>()), 0.99, 1.00001);
    }

    // Added to a weight of bf16, updates below 2^-9 of it would vanish.
    [Fact]
    public void Loss_HalfPrecisionBase_ChangesWithSmallUpdates()
    {
        TrainingExample[] window = AdaptedLlama.Window(7, 9, [20, 14, 31]);
        double[] losses = [.. ((ScalarType[])[ScalarType.Float32, ScalarType.BFloat16]).Select(dtype =>
        {
            using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf("lokr", 2), on: TinyLlama.Build(dtype: dtype));
            double start = adapted.AccumulatePacked(window, _packing);
            using Tensor gradient = adapted.Gradient();
            Step(adapted, 1e-3);
            double predicted = gradient.abs().sum().item<float>() * -1e-3;
            return (adapted.AccumulatePacked(window, _packing) - start) / predicted;
        })];

        Assert.Equal(1, losses[0], 0.05);
        Assert.Equal(1, losses[1], 0.4);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Generate_ComputedOnce_IsTheTextOfWholePasses(string method)
    {
        using AdaptedLlama adapted = Create(method, TinyLlama.Build());
        int[] prompt = AdaptedLlama.Window(3, 12)[0].Ids;

        GeneratedText text = TextGeneration.Run(adapted.Model, [prompt], new(12), CancellationToken.None)[0];

        Assert.Equal(WithoutCache.Greedy(adapted.Model, prompt, 12), text.Ids);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Hold_ChangedAdapter_IsSeenAfterwardsOnly(string method)
    {
        using AdaptedLlama adapted = Create(method, TinyLlama.Build());
        int[] prompt = AdaptedLlama.Window(3, 12)[0].Ids;
        double[] before = WithoutCache.Logits(adapted.Model, prompt);
        using (adapted.Model.Hold())
        {
            adapted.Perturb(9);
            Assert.Equal(before, WithoutCache.Logits(adapted.Model, prompt), Close);
        }

        Assert.NotEqual(before, WithoutCache.Logits(adapted.Model, prompt), Close);

        static bool Close(double one, double other) => Math.Abs(one - other) < 1e-4;
    }

    private static AdaptedLlama Create(string method, LlamaModel on)
    {
        string[] parts = method.Split(' ');
        JsonObject? options = parts[0] == "lokr" ? new() { ["decomposeBoth"] = true } : null;
        int rank = int.Parse(parts[1], CultureInfo.InvariantCulture);
        return AdaptedLlama.Create(AdaptedLlama.SpecOf(parts[0], rank, options: options), on: on).Perturb(5);
    }

    private static void Step(AdaptedLlama adapted, double rate)
    {
        using IDisposable noGrad = no_grad();
        foreach (Tensor value in adapted.Parameters.Select(parameter => parameter.Value))
        {
            using Tensor direction = value.grad!.sign();
            value.PlusInPlace(direction.TimesInPlace(-rate));
        }
    }

    private static double Distance(Tensor found, Tensor expected)
    {
        using IDisposable scope = NewDisposeScope();
        return (found.to(float64).sub(expected).norm() / expected.norm()).item<double>();
    }
}
