using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>Initial distributions of the factors, and their random streams.</summary>
public sealed class InitialValueTests
{
    private const int Height = 384;
    private const int Width = 512;
    private const int Rank = 64;

    public static TheoryData<string> Methods => MethodBatteryTests.Methods;

    // The bound of a uniform distribution, or null for a Gaussian; and its variance.
    [Theory]
    [InlineData("lora", "kaiming", 'A', 1 / 22.627416997969522, 1.0 / (3 * Width))]
    [InlineData("lora-plus", "kaiming", 'A', 1 / 22.627416997969522, 1.0 / (3 * Width))]
    [InlineData("lora", "gaussian", 'A', null, 1.0 / (Rank * Rank))]
    [InlineData("lora-swapped", "uniform", 'B', 0.01, 0.01 * 0.01 / 3)]
    [InlineData("lora-swapped", "kaiming", 'B', 0.125, 0.125 * 0.125 / 3)]
    [InlineData("lora-swapped", "gaussian", 'B', null, 1.0 / Rank)]
    [InlineData("lora-plus", "swapped", 'B', 0.125, 0.125 * 0.125 / 3)]
    public void Create_RandomFactor_HasItsDistribution(string method, string init, char random, double? bound, double variance)
    {
        using LinearLayer layer = Layer("model.layers.0.mlp.up_proj");
        layer.Adapter = Create(method, layer, new JsonObject { ["init"] = init }, seed: 5);

        (Tensor a_RI, Tensor b_OR) = (layer.Adapter.LowRank().A_RI, layer.Adapter.LowRank().B_OR);
        (Tensor drawn, Tensor zero) = random == 'A' ? (a_RI, b_OR) : (b_OR, a_RI);
        float[] values = TensorReader.Floats(drawn);

        Assert.Equal(0, zero.count_nonzero().item<long>());
        // The standard error of the mean of n values is √(variance/n), that of the variance less than √(2/n) of itself: 5% is several times
        // that.
        Assert.Equal(0, values.Average(), 5 * Math.Sqrt(variance / values.Length));
        Assert.Equal(variance, values.Average(value => (double)value * value), 0.05 * variance);
        if (bound is double limit)
        {
            float largest = values.Max(Math.Abs);
            Assert.InRange(largest, 0.99 * limit, limit);
        }
        else
        {
            // About 0.27% of a Gaussian lies beyond three standard deviations.
            Assert.InRange(values.Count(value => Math.Abs(value) > 3 * Math.Sqrt(variance)) / (double)values.Length, 0.0015, 0.0045);
        }
    }

    [Fact]
    public void Create_LoraXs_DrawsRWithItsStandardDeviation()
    {
        using LinearLayer layer = Layer("model.layers.0.mlp.up_proj");
        layer.Adapter = Create("lora-xs", layer, [], seed: 5);

        float[] values = TensorReader.Floats(layer.Adapter.LowRank().R_RR!);

        Assert.Equal(Rank * Rank, values.Length);
        Assert.Equal(1e-5, Math.Sqrt(values.Average(value => (double)value * value)), 0.05 * 1e-5);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Create_SameSeed_IsTheSameInAnyOrder(string method)
    {
        string[] names = ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj", "model.layers.1.self_attn.q_proj"];

        Dictionary<string, string> forwards = names.ToDictionary(name => name, name => Drawn(method, name, seed: 7));
        Dictionary<string, string> backwards = names.Reverse().ToDictionary(name => name, name => Drawn(method, name, seed: 7));

        Assert.All(names, name => Assert.Equal(forwards[name], backwards[name]));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("lora-swapped")]
    [InlineData("lora-plus")]
    [InlineData("lora-xs")]
    [InlineData("dora")]
    [InlineData("adalora")]
    public void Create_OtherModuleOrSeed_DrawsOtherValues(string method)
    {
        string here = Drawn(method, "model.layers.0.self_attn.q_proj", seed: 7);

        Assert.NotEqual(here, Drawn(method, "model.layers.1.self_attn.q_proj", seed: 7));
        Assert.NotEqual(here, Drawn(method, "model.layers.0.self_attn.k_proj", seed: 7));
        Assert.NotEqual(here, Drawn(method, "model.layers.0.self_attn.q_proj", seed: 8));
    }

    [Fact]
    public void Create_Pissa_DoesNotDependOnTheSeed() =>
        Assert.Equal(Drawn("pissa", "m", seed: 1), Drawn("pissa", "m", seed: 2));

    private static string Drawn(string method, string module, long seed)
    {
        using LinearLayer layer = Layer(module);
        layer.Adapter = Create(method, layer, [], seed);
        return string.Join(
            ' ',
            layer.Adapter.Trainable.SelectMany(parameter => TensorReader.Floats(parameter.Value)).Select(BitConverter.SingleToInt32Bits));
    }

    // The same weight under every name, so that differences come from the streams.
    private static LinearLayer Layer(string name)
    {
        using Generator generator = new(3, CPU);
        return new LinearLayer(name, randn(Height, Width, dtype: float32, generator: generator));
    }

    private static Adapter Create(string method, LinearLayer layer, JsonObject options, long seed)
    {
        RunSpec spec = AdaptedLlama.SpecOf(method, Rank, options: options) with { Seed = seed };
        return LoraMethods.Find(method)!.Create(layer, AdapterRequest.From(spec, layer.Name), spec.MethodOptions);
    }
}
