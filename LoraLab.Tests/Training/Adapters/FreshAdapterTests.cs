using System.Text.Json.Nodes;
using CsCheck;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>Freshly initialized adapters against the base model.</summary>
public sealed class FreshAdapterTests
{
    public static TheoryData<string> Methods => MethodBatteryTests.Adapters;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Logits_FreshAdapters_EqualTheBaseModels(string method)
    {
        Gen.Select(Gen.Int[1, 16], Gen.Double[0.25, 64], Gen.Bool, Gen.Long[0, 1000]).Sample(
            (rank, alpha, rankStabilized, seed) =>
                Check(AdaptedLlama.SpecOf(method, rank, alpha) with { RankStabilized = rankStabilized, Seed = seed }),
            iter: 12, threads: 1);
    }

    [Fact]
    public void Logits_LoraXsWithRZero_AreBitEqual()
    {
        foreach (string placement in (string[])["input", "output", "split"])
        {
            Check(AdaptedLlama.SpecOf("lora-xs", options: new JsonObject { ["rInitStd"] = 0, ["sigmaPlacement"] = placement }));
        }
    }

    [Fact]
    public void Logits_PissaInTheBranch_AreBitEqual() =>
        Check(AdaptedLlama.SpecOf("pissa", options: new JsonObject { ["residual"] = "branch" }), exact: true);

    [Fact]
    public void Create_PissaOnHalfPrecision_RoundsNothingButTheResidual()
    {
        using LlamaModel original = TinyLlama.Build(dtype: ScalarType.BFloat16);
        using AdaptedLlama adapted = AdaptedLlama.Create(AdaptedLlama.SpecOf("pissa"), ScalarType.BFloat16);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();

        foreach ((LinearLayer was, LinearLayer now) in original.Linears.Zip(adapted.Model.Linears))
        {
            Tensor residual_OI = now.Weight_OI.to(float64);
            Tensor error_OI = residual_OI.Plus(now.Adapter.LowRank().Delta().to(float64)).sub(was.Weight_OI.to(float64)).abs();
            // Half an ulp of bfloat16, which has eight significant bits.
            Tensor bound_OI = residual_OI.abs().mul(Math.Pow(2, -8)).Plus(1e-6);
            Assert.True(error_OI.le(bound_OI).all().item<bool>(), was.Name);
            Assert.Equal((ScalarType.BFloat16, ScalarType.Float32), (now.Weight_OI.dtype, now.Adapter.LowRank().A_RI.dtype));
        }
    }

    private static void Check(RunSpec spec, bool exact = false)
    {
        spec = spec with { Rank = RandomCalibration.LargestRank(spec, TinyLlama.Config.HeadSize * TinyLlama.Config.KeyValueHeads) };
        using LlamaModel plain = TinyLlama.Build();
        using AdaptedLlama adapted = AdaptedLlama.Create(spec);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor ids_BT = TinyLlama.Ids(3, 2, 17);

        Tensor expected = TinyLlama.Logits(plain, ids_BT);
        Tensor found = TinyLlama.Logits(adapted.Model, ids_BT);

        double difference = found.sub(expected).abs().max().item<float>();
        // A zero factor makes the branch exactly zero, regardless of the method.
        if (exact || adapted.Adapters.All(HasZeroFactor))
        {
            Assert.Equal(0, difference);
            return;
        }

        double scale = expected.abs().max().item<float>();
        // PiSSA subtracts its factors from the weight: rounding. LoRA-XS starts R at N(0, 1e-5²): ‖R‖ is at most about 1e-5·2√r, the
        // largest singular value of these weights about 2, and fourteen layers add up.
        double limit = adapted.Adapters.All(adapter => adapter is LowRankAdapter { Extracted: not null })
            ? 3e-5
            : 1e-5 * adapted.Adapters[0].Scaling * 2 * Math.Sqrt(spec.Rank) * 2 * 14;
        Assert.InRange(difference, 0, limit * scale);
    }

    private static bool HasZeroFactor(Adapter adapter) =>
        adapter.Tensors.Any(tensor => tensor.Value.count_nonzero().item<long>() == 0);
}
