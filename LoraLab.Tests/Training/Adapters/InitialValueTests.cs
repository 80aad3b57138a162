using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Models;
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

    public static TheoryData<string> Methods => MethodBatteryTests.Adapters;

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

    // PEFT's projection_prng_key of the references is 0.
    [Theory]
    [InlineData("vera-qv", 8)]
    [InlineData("vera-all", 16)]
    public void Create_Vera_DrawsTheSharedFactorsOfPeft(string name, int rank)
    {
        PlainSafetensors golden = new(Path.Combine(Fixtures.Golden(Path.Combine("peft", name)), "adapter_model.safetensors"));
        RunSpec spec = AdaptedLlama.SpecOf("vera", rank) with { Seed = 0 };
        using LinearLayer layer = new("model.layers.0.self_attn.q_proj", zeros(64, 64));

        layer.Adapter = LoraMethods.Find("vera")!.Create(layer, AdapterRequest.From(spec, layer.Name), spec.MethodOptions);

        foreach (string factor in (string[])["vera_A", "vera_B"])
        {
            Assert.Equal(
                MemoryMarshal.Cast<byte, float>(golden.Bytes("base_model." + factor)).ToArray(),
                TensorReader.Floats(layer.Adapter[factor]));
        }
    }

    [Fact]
    public void Attach_VeraOfPeft_HasOneCopyForAllLayers()
    {
        (_, string folder) = PeftGoldens.Load("vera-qv");
        using TestTrainer trainer = new(fixtures: true);
        string weights = trainer.Services.Models.Find("stories260K").Folder;
        using LlamaModel model = LlamaLoader.Load(weights, LlamaConfig.Read(weights), float32, CPU);

        PeftImport.Attach(Path.Combine(folder, "trained"), [.. model.Linears]);

        Adapter[] adapters = [.. model.Linears.Select(linear => linear.Adapter).OfType<Adapter>()];
        Assert.True(adapters.Length > 1);
        foreach (string factor in (string[])["vera_A", "vera_B"])
        {
            Assert.All(adapters, adapter => Assert.NotEqual(0, adapter[factor].count_nonzero().item<long>()));
            adapters[0][factor].zero_();
            Assert.All(adapters, adapter => Assert.Equal(0, adapter[factor].count_nonzero().item<long>()));
        }
    }

    [Fact]
    public void Create_VeraOnSeveralLayers_HasOneCopyThatOutlivesEachOfThem()
    {
        using SharedTensors shared = new();
        LinearLayer wide = new("m.wide", zeros(48, 64)), high = new("m.high", zeros(80, 32));
        RunSpec spec = AdaptedLlama.SpecOf("vera", Rank);
        AdapterRequest request = AdapterRequest.From(spec, "m") with
        {
            Layers = [new("wide", 48, 64), new("high", 80, 32)],
            Shared = shared,
        };
        foreach (LinearLayer layer in (LinearLayer[])[wide, high])
        {
            layer.Adapter = LoraMethods.Find("vera")!.Create(layer, request, spec.MethodOptions);
        }

        Assert.Equal([Rank, 64], wide.Adapter!["vera_A"].shape);
        Assert.Equal([80, Rank], wide.Adapter["vera_B"].shape);
        using (no_grad())
        {
            // What one writes, the other reads.
            wide.Adapter["vera_A"].fill_(3);
        }

        Assert.All(TensorReader.Floats(high.Adapter!["vera_A"]), value => Assert.Equal(3, value));
        shared.Dispose();
        wide.Dispose();
        Assert.All(TensorReader.Floats(high.Adapter["vera_A"]), value => Assert.Equal(3, value));
        high.Dispose();
    }

    // Height and width of the layer, decomposeFactor, rank; then the shapes of the stored matrices. By PEFT's rule: 172 = 4·43, 22 = 2·11.
    [Theory]
    [InlineData(64, 64, -1, 4, false, "8x8 8x8")]
    [InlineData(32, 64, -1, 4, false, "4x8 8x8")]
    [InlineData(64, 172, 8, 2, true, "8x2 2x4 8x2 2x43")]
    [InlineData(172, 64, 8, 2, true, "4x2 2x8 43x2 2x8")]
    [InlineData(172, 64, 8, 2, false, "4x8 43x2 2x8")]
    [InlineData(64, 64, 16, 8, true, "16x16 4x4")]
    [InlineData(22, 13, 4, 1, false, "2x1 11x1 1x13")]
    [InlineData(2048, 5632, -1, 8, false, "32x64 64x8 8x88")]
    public void Tensors_Lokr_AreSplitByPeftsRule(int height, int width, int factor, int rank, bool both, string expected)
    {
        JsonObject options = new() { ["decomposeFactor"] = factor, ["decomposeBoth"] = both };

        Assert.Equal(expected, string.Join(' ', LoraMethods.Find("lokr")!.Tensors(new("m", height, width), rank, options)
            .Select(tensor => string.Join('x', tensor.Shape))));
    }

    [Theory]
    [InlineData("lokr", "lokr_w1")]
    [InlineData("loha", "hada_w2_b")]
    [InlineData("vera", "vera_lambda_b")]
    public void Create_MethodsOfPeft_HaveZeroWhereTheyStartAtTheBase(string method, string zero)
    {
        using LinearLayer layer = Layer("model.layers.0.mlp.up_proj");
        layer.Adapter = Create(method, layer, [], seed: 5);

        Assert.Equal(
            [zero], layer.Adapter.Tensors.Where(tensor => tensor.Value.count_nonzero().item<long>() == 0).Select(tensor => tensor.Part));
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
            layer.Adapter.Tensors.SelectMany(tensor => TensorReader.Floats(tensor.Value.detach())).Select(BitConverter.SingleToInt32Bits));
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
        return LoraMethods.Find(method)!.Create(layer, RandomCalibration.Requests(spec, layer)(layer), spec.MethodOptions);
    }
}
