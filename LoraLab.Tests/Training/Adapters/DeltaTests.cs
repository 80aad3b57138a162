using CsCheck;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>The weight update of an adapter, and its scaling.</summary>
public sealed class DeltaTests
{
    public static TheoryData<string> Methods => MethodBatteryTests.Adapters;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Delta_AddedToTheWeights_GivesTheAdaptedLogits(string method) =>
        Gen.Select(Gen.Int[1, 16], Gen.Double[0.5, 32], Gen.Bool, Gen.Int[0, 1000]).Sample(
            (rank, alpha, rankStabilized, seed) =>
            {
                RunSpec spec = AdaptedLlama.SpecOf(method, rank, alpha) with { RankStabilized = rankStabilized };
                spec = spec with { Rank = RandomCalibration.LargestRank(spec, TinyLlama.Config.HeadSize) };
                using AdaptedLlama adapted = AdaptedLlama.Create(spec).Perturb(seed);
                using IDisposable noGrad = no_grad();
                using IDisposable scope = NewDisposeScope();
                Tensor ids_BT = TinyLlama.Ids(seed, 3, 14);
                Tensor unmerged = TinyLlama.Logits(adapted.Model, ids_BT);
                foreach (LinearLayer linear in adapted.Model.Linears)
                {
                    Tensor merged_OI = linear.Weight_OI.Plus(linear.Adapter!.Delta(linear)).DetachFromDisposeScope();
                    linear.Adapter.Dispose();
                    linear.Adapter = null;
                    linear.ReplaceWeight(merged_OI);
                }

                Tensor merged = TinyLlama.Logits(adapted.Model, ids_BT);

                // Fourteen fp32 layers, in which a large branch amplifies rounding errors.
                double scale = unmerged.abs().max().item<float>();
                Assert.InRange(merged.sub(unmerged).abs().max().item<float>(), 0, 1e-4 * scale);
            },
            iter: 10,
            threads: 1);

    [Theory]
    [MemberData(nameof(Methods))]
    public void Delta_OnALayer_EqualsTheBranch(string method) =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int[0, 1 << 20], Gen.Bool).SelectMany(
            (height, width, seed, rankStabilized) =>
                Gen.Int[1, Math.Min(height, width)].Select(rank => (height, width, seed, rankStabilized, rank))).Sample(
                found =>
                {
                    using IDisposable scope = NewDisposeScope();
                    using IDisposable noGrad = no_grad();
                    using Generator generator = new((ulong)found.seed, CPU);
                    using LinearLayer layer = new("m", randn(found.height, found.width, dtype: float32, generator: generator));
                    // Dropout applies in training only: neither a plain pass nor ΔW includes it.
                    RunSpec spec = AdaptedLlama.SpecOf(method, found.rank, 3) with { RankStabilized = found.rankStabilized, Dropout = 0.3 };
                    int components = Math.Min(found.height, found.width);
                    spec = spec with { Rank = RandomCalibration.LargestRank(spec, components) };
                    if (LoraMethods.Find(method)!.ComponentsNeeded(spec.Rank, spec.MethodOptions) > components)
                    {
                        return;
                    }

                    layer.Adapter = LoraMethods.Find(method)!
                        .Create(layer, RandomCalibration.Requests(spec, layer)(layer), spec.MethodOptions);
                    foreach (AdapterParameter parameter in layer.Adapter.Trainable)
                    {
                        parameter.Value.PlusInPlace(randn(parameter.Value.shape, dtype: float32, generator: generator));
                    }

                    Tensor x_BTI = randn(2, 3, found.width, dtype: float32, generator: generator);
                    Tensor branch =
                        layer.Adapter.Forward(layer, x_BTI, ForwardPass.Plain).sub(nn.functional.linear(x_BTI, layer.Weight_OI));
                    Tensor delta = nn.functional.linear(x_BTI, layer.Adapter.Delta(layer));

                    Assert.InRange(branch.sub(delta).abs().max().item<float>(), 0, 1e-4 * (1 + delta.abs().max().item<float>()));
                },
                iter: 60,
                threads: 1);

    [Fact]
    public void Branch_TwiceTheAlpha_IsTwiceTheBranch()
    {
        Check(new RunSpec { Rank = 4, Alpha = 16 }, new RunSpec { Rank = 4, Alpha = 8 }, 2);
        Check(new RunSpec { Rank = 9, Alpha = 6, RankStabilized = true }, new RunSpec { Rank = 9, Alpha = 6 }, 3);
        Check(new RunSpec { Rank = 32, Alpha = 16 }, new RunSpec { Rank = 16, Alpha = 16 }, 0.5);

        static void Check(RunSpec one, RunSpec other, double ratio)
        {
            using IDisposable scope = NewDisposeScope();
            using IDisposable noGrad = no_grad();
            Tensor x_BTI = randn(2, 3, 7), a_RI = randn(5, 7), b_OR = randn(6, 5), r_RR = randn(5, 5);
            foreach (Tensor? middle in (Tensor?[])[null, r_RR])
            {
                Tensor first = Branch(one, middle), second = Branch(other, middle);
                Assert.InRange(first.sub(second.mul(ratio)).abs().max().item<float>(), 0, 1e-4);
            }

            Tensor Branch(RunSpec spec, Tensor? middle) =>
                new LowRankAdapter("m", a_RI.clone(), b_OR.clone(), AdapterRequest.From(spec, "m").Scaling, r_RR: middle?.clone())
                    .Branch(x_BTI, ForwardPass.Plain);
        }
    }

    [Fact]
    public void Branch_FactorsScaledAgainstEachOther_StaysTheSame() =>
        Gen.Select(Gen.Double[-8, 8], Gen.Int[0, 1 << 20]).Where(found => Math.Abs(found.Item1) > 0.05).Sample(
            (by, seed) =>
            {
                using IDisposable scope = NewDisposeScope();
                using IDisposable noGrad = no_grad();
                using Generator generator = new((ulong)seed, CPU);
                Tensor x_BTI = randn(1, 3, 7, dtype: float32, generator: generator);
                Tensor a_RI = randn(5, 7, dtype: float32, generator: generator);
                Tensor b_OR = randn(6, 5, dtype: float32, generator: generator);
                Tensor plain = new LowRankAdapter("m", a_RI, b_OR, 2).Branch(x_BTI, ForwardPass.Plain);
                Tensor scaled = new LowRankAdapter("m", a_RI.div(by), b_OR.mul(by), 2).Branch(x_BTI, ForwardPass.Plain);

                Assert.InRange(scaled.sub(plain).abs().max().item<float>(), 0, 1e-4 * (1 + plain.abs().max().item<float>()));
            },
            iter: 50,
            threads: 1);
}
