using CsCheck;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>PiSSA's decomposition: W = W_res + s·B₀A₀ for any shape, rank, alpha and scaling.</summary>
public sealed class PissaAlgebraTests
{
    private static readonly Gen<Case> _cases =
        from height in Gen.Int[2, 40]
        from width in Gen.Int[2, 40]
        from rank in Gen.Int[1, Math.Min(height, width)]
        from ratio in Gen.OneOf(0.5, 1.0, 2.0, 4.0, 0.37)
        from rankStabilized in Gen.Bool
        from seed in Gen.Int[0, 1 << 20]
        select new Case(height, width, rank, ratio * rank, rankStabilized, seed);

    [Fact]
    public void Create_FullSvd_SubtractsThePrincipalComponents() => _cases.Sample(
        found =>
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            (Tensor w_OI, LinearLayer layer, LowRankAdapter adapter) = Make(found, "weights", "full");
            Tensor residual_OI = layer.Weight_OI.to(float64);
            Tensor principal_OI = adapter.Delta().to(float64);
            (Tensor u, Tensor sigma, Tensor vh) = linalg.svd(w_OI.to(float64), fullMatrices: false);
            Tensor top_OI = u.narrow(1, 0, found.Rank).mul(sigma.narrow(0, 0, found.Rank)).mm(vh.narrow(0, 0, found.Rank));
            double scale = sigma[0].item<double>();

            Assert.InRange(Largest(residual_OI.Plus(principal_OI).sub(w_OI.to(float64))), 0, 1e-5 * scale);
            Assert.InRange(Largest(principal_OI.sub(top_OI)), 0, 1e-5 * scale);
            // The residual by subtraction is the tail of the decomposition: its values are σ of rank r+1 and on, then zeros.
            Tensor tail = cat([sigma.narrow(0, found.Rank, sigma.shape[0] - found.Rank), zeros(found.Rank, float64)]);
            Assert.InRange(Largest(linalg.svdvals(residual_OI).sub(tail)), 0, 1e-5 * scale);
            Tensor values = linalg.svdvals(principal_OI);
            Assert.InRange(Largest(values.narrow(0, 0, found.Rank).sub(sigma.narrow(0, 0, found.Rank))), 0, 1e-5 * scale);
            Assert.InRange(Largest(values.narrow(0, found.Rank, values.shape[0] - found.Rank)), 0, 1e-5 * scale);
        },
        iter: 150,
        threads: 1);

    [Fact]
    public void Create_FullSvd_BalancesTheFactors() => _cases.Sample(
        found =>
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            (Tensor w_OI, _, LowRankAdapter adapter) = Make(found, "weights", "full");

            // ‖A₀[i,:]‖ = ‖B₀[:,i]‖ = √(σᵢ/s), so that both factors have the same scale.
            Tensor expected = linalg.svdvals(w_OI.to(float64)).narrow(0, 0, found.Rank).div(found.Scaling).sqrt();
            double scale = expected[0].item<double>();
            Assert.InRange(Largest(adapter.A_RI.to(float64).pow(2).sum(dim: 1L).sqrt().sub(expected)), 0, 1e-5 * scale);
            Assert.InRange(Largest(adapter.B_OR.to(float64).pow(2).sum(dim: 0L).sqrt().sub(expected)), 0, 1e-5 * scale);
        },
        iter: 100,
        threads: 1);

    [Fact]
    public void Create_RandomizedSvd_StillAddsUpToTheWeight() => _cases.Sample(
        found =>
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            (Tensor w_OI, LinearLayer layer, LowRankAdapter adapter) = Make(found, "weights", "randomised", iterations: 0);

            double scale = Largest(w_OI) * Math.Sqrt(found.Width);
            Assert.InRange(Largest(layer.Weight_OI.to(float64).Plus(adapter.Delta().to(float64)).sub(w_OI.to(float64))), 0, 1e-5 * scale);
        },
        iter: 60,
        threads: 1);

    [Fact]
    public void Create_ResidualInBranch_LeavesTheWeightUnchangedAndIsEquivalent() => _cases.Sample(
        found =>
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            (Tensor w_OI, LinearLayer inWeights, LowRankAdapter first) = Make(found, "weights", "full");
            (_, LinearLayer inBranch, LowRankAdapter second) = Make(found, "branch", "full");

            Assert.True(inBranch.Weight_OI.equal(w_OI).all().item<bool>());
            Assert.Equal(0, Largest(second.Delta()));
            Assert.True(first.A_RI.equal(second.A_RI).all().item<bool>() && first.B_OR.equal(second.B_OR).all().item<bool>());
            // After the same update, both represent the same total weight.
            first.A_RI.TimesInPlace(1.5);
            second.A_RI.TimesInPlace(1.5);
            Tensor whole_OI = inWeights.Weight_OI.to(float64).Plus(first.Delta().to(float64));
            Assert.InRange(
                Largest(inBranch.Weight_OI.to(float64).Plus(second.Delta().to(float64)).sub(whole_OI)),
                0,
                1e-5 * Largest(w_OI) * Math.Sqrt(found.Width));
        },
        iter: 60,
        threads: 1);

    private static (Tensor W_OI, LinearLayer Layer, LowRankAdapter Adapter) Make(
        Case found, string residual, string svd, int iterations = 16)
    {
        using Generator generator = new((ulong)found.Seed, CPU);
        Tensor w_OI = randn(found.Height, found.Width, dtype: float32, generator: generator);
        LinearLayer layer = new("model.layers.0.mlp.up_proj", w_OI.clone());
        LoraMethod method = LoraMethods.Find("pissa")!;
        LowRankAdapter adapter = method.Create(
            layer, new AdapterRequest(found.Rank, found.Scaling, 0, 0),
            new() { ["residual"] = residual, ["svd"] = svd, ["svdIterations"] = iterations }).LowRank();
        return (w_OI, layer, adapter);
    }

    private static double Largest(Tensor values) => values.numel() == 0 ? 0 : values.abs().max().to(float64).item<double>();

    private sealed record Case(int Height, int Width, int Rank, double Alpha, bool RankStabilized, int Seed)
    {
        public double Scaling => AdapterRequest.From(new() { Rank = Rank, Alpha = Alpha, RankStabilized = RankStabilized }, "m").Scaling;
    }
}
