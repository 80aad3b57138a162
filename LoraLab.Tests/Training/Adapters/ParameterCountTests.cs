using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using Xunit;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>
/// Trainable parameters on TinyLlama's shape, counted on live adapters of one block of zeros: all blocks have the same shape, and
/// decomposing 22 of them would take minutes.
/// </summary>
public sealed class ParameterCountTests
{
    private static readonly string[] _queryValue = ["q_proj", "v_proj"];
    private static readonly string[] _attention = ["q_proj", "k_proj", "v_proj", "o_proj"];

    /// <summary>Targets, rank, then the published counts: A, B, and R of LoRA-XS.</summary>
    public static TheoryData<string, string[]?, int, long, long, long> Published => new()
    {
        { "q, v", _queryValue, 8, 720_896, 405_504, 2_816 },
        { "q, k, v, o", _attention, 8, 1_441_792, 811_008, 5_632 },
        { "all", null, 64, 25_231_360, 25_231_360, 630_784 },
    };

    public static TheoryData<string, string[]?, int, long, long, long> OtherRanks => new()
    {
        { "q, v", _queryValue, 16, 1_441_792, 811_008, 11_264 },
        { "q, v", _queryValue, 32, 2_883_584, 1_622_016, 45_056 },
        { "q, k, v, o", _attention, 16, 2_883_584, 1_622_016, 22_528 },
        { "q, k, v, o", _attention, 32, 5_767_168, 3_244_032, 90_112 },
        { "all", null, 8, 3_153_920, 3_153_920, 9_856 },
        { "all", null, 16, 6_307_840, 6_307_840, 39_424 },
        { "all", null, 32, 12_615_680, 12_615_680, 157_696 },
    };

    [Theory]
    [Trait("Category", "Exhaustive")]
    [MemberData(nameof(OtherRanks))]
    public void Trainable_TinyLlamaShapeOfAnotherRank_IsThePublishedCount(
        string targets, string[]? names, int rank, long a, long b, long r) =>
        Trainable_TinyLlamaShape_IsThePublishedCount(targets, names, rank, a, b, r);

    [Theory]
    [MemberData(nameof(Published))]
    public void Trainable_TinyLlamaShape_IsThePublishedCount(string targets, string[]? names, int rank, long a, long b, long r)
    {
        LlamaConfig config = LlamaConfig.Read(Fixtures.TinyLlamaTokenizer);
        // A residual of the base costs the most and has nothing to do with counts: such methods once.
        foreach (LoraMethod method in LoraMethods.All.Where(method =>
            !method.TrainsWeights && ((targets == "q, v" && rank == 8) || !(method.TakesFromBase || method.Calibrates))))
        {
            RunSpec spec = AdaptedLlama.SpecOf(method.Id, rank) with
            {
                TargetModules = names is null ? TargetModules.AllLinear : TargetModules.Of(names),
            };
            if (spec.MethodOptions.ContainsKey("svd"))
            {
                spec.MethodOptions["svd"] = "randomised";
                spec.MethodOptions["svdIterations"] = 0;
            }

            LlamaModel zeros = TinyLlama.Zeros(config with { Layers = 1 });
            using AdaptedLlama adapted = method.TakesFromBase || method.Calibrates
                ? AdaptedLlama.WithZeroFactors(spec, zeros)
                : AdaptedLlama.Create(spec, on: zeros);

            long Count(string part) =>
                config.Layers * adapted.Parameters.Where(parameter => parameter.Part == part).Sum(parameter => parameter.Value.numel());
            (long, long, long) expected = method.Id switch
            {
                "lora-xs" => (0, 0, r),
                "lora-fa" => (0, b, 0),
                _ => (a, b, 0),
            };
            if (ReferenceEquals(method.Peft, PeftLayout.Lora) || Count("lora_B") > 0)
            {
                Assert.True(expected == (Count("lora_A"), Count("lora_B"), Count("lora_R")), $"{method.Id}, {targets}");
            }

            // The form shows the count before a model is loaded.
            Assert.Equal(
                config.Layers * adapted.Parameters.Sum(parameter => parameter.Value.numel()),
                config.Layers * config.AdaptedLinears(spec.TargetModules)
                    .Sum(shape => method.TrainableParameters(shape, rank, spec.MethodOptions)));
        }
    }

    [Fact]
    public void ParameterCount_TinyLlamaShape_IsThePublishedCount()
    {
        LlamaConfig config = LlamaConfig.Read(Fixtures.TinyLlamaTokenizer);
        using LlamaModel zeros = TinyLlama.Zeros(config);

        Assert.Equal(1_100_048_384, config.ParameterCount);
        Assert.Equal(1_100_048_384, zeros.NamedWeights().Sum(weight => weight.Value.numel()));
        Assert.Equal(154, zeros.Linears.Count());
    }
}
