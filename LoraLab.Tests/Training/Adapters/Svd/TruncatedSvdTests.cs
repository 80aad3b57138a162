using CsCheck;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters.Svd;

/// <summary>Truncated SVD: signs, decaying spectra and degenerate matrices.</summary>
public sealed class TruncatedSvdTests
{
    public static TheoryData<string, string> HostileMatrices
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string method in (string[])["pissa", "lora-xs"])
            {
                foreach (string matrix in (string[])
                [
                    "zero", "identity", "one rank", "duplicates", "row", "column", "one value", "tiny", "huge",
                ])
                {
                    cases.Add(method, matrix);
                }
            }

            return cases;
        }
    }

    [Theory]
    [InlineData(SvdAlgorithm.Full)]
    [InlineData(SvdAlgorithm.Randomized)]
    public void Of_AnyMatrix_HasOrthonormalFactorsOfCanonicalSign(SvdAlgorithm algorithm) =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 1 << 20])
            .SelectMany((height, width, seed) => Gen.Int[1, Math.Min(height, width)].Select(rank => (height, width, seed, rank))).Sample(
                found =>
                {
                    using IDisposable scope = NewDisposeScope();
                    using Generator generator = new((ulong)found.seed, CPU);
                    Tensor w_OI = randn(found.height, found.width, dtype: float32, generator: generator);

                    TruncatedSvd svd = TruncatedSvd.Of(w_OI, found.rank, algorithm, 16, "m");
                    TruncatedSvd negated = TruncatedSvd.Of(w_OI.neg(), found.rank, algorithm, 16, "m");

                    Assert.InRange(Largest(svd.U_OR.t().mm(svd.U_OR).sub(eye(found.rank, dtype: svd.U_OR.dtype))), 0, 1e-4);
                    Assert.InRange(Largest(svd.Vh_RI.mm(svd.Vh_RI.t()).sub(eye(found.rank, dtype: svd.U_OR.dtype))), 0, 1e-4);
                    Tensor largest_1R = svd.U_OR.gather(0, svd.U_OR.abs().argmax(0, keepdim: true));
                    Assert.True(largest_1R.gt(0).all().item<bool>());
                    Assert.True(svd.Sigma_R.diff().le(1e-6).all().item<bool>());
                    // The sign of the matrix goes into the right vectors: the left ones are canonical.
                    Assert.InRange(Largest(svd.Sigma_R.sub(negated.Sigma_R)), 0, 1e-3);
                },
                iter: 80,
                threads: 1);

    [Fact]
    public void Of_RandomizedWithAClearGap_FindsTheLeadingTriplets()
    {
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new(4, CPU);
        Tensor u = linalg.qr(randn(60, 60, dtype: float64, generator: generator)).Q;
        Tensor v = linalg.qr(randn(45, 45, dtype: float64, generator: generator)).Q;
        double[] sigma = [9, 7, 5, 3, .. Enumerable.Range(0, 41).Select(i => 0.3 / (i + 1))];
        Tensor w_OI = u.narrow(1, 0, 45).mul(tensor(sigma)).mm(v.t()).to(float32);

        TruncatedSvd exact = TruncatedSvd.Of(w_OI, 4, SvdAlgorithm.Full, 0, "m");
        TruncatedSvd found = TruncatedSvd.Of(w_OI, 4, SvdAlgorithm.Randomized, 16, "m");

        Assert.InRange(Largest(exact.Sigma_R.sub(tensor(sigma[..4]))), 0, 1e-5);
        Assert.InRange(Largest(found.Sigma_R.to(float64).sub(exact.Sigma_R)), 0, 1e-4);
        // Canonical signs: the vectors themselves agree, not only up to a sign.
        Assert.InRange(Largest(found.U_OR.to(float64).sub(exact.U_OR)), 0, 1e-4);
        Assert.InRange(Largest(found.Vh_RI.to(float64).sub(exact.Vh_RI)), 0, 1e-4);
    }

    [Fact]
    public void LoraXs_SignsOfSingularVectorsFlipped_IsEquivalentWithRConjugated()
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor a_RI = randn(4, 9), b_OR = randn(7, 4), r_RR = randn(4, 4), signs_R = tensor([1f, -1f, -1f, 1f]);

        Tensor plain = new LowRankAdapter("m", a_RI, b_OR, 2, r_RR: r_RR).Delta();
        Tensor flipped = new LowRankAdapter(
            "m", a_RI.mul(signs_R.unsqueeze(1)), b_OR.mul(signs_R), 2, r_RR: r_RR.mul(signs_R).mul(signs_R.unsqueeze(1))).Delta();

        Assert.InRange(Largest(plain.sub(flipped)), 0, 1e-5);
    }

    // Rank-deficient, zero, with duplicated singular values, a single row: also at full rank, where there is no residual.
    [Theory]
    [MemberData(nameof(HostileMatrices))]
    public void Create_HostileMatrix_GivesFiniteFactorsThatAddUp(string method, string matrix)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor w_OI = Hostile(matrix);
        int full = (int)Math.Min(w_OI.shape[0], w_OI.shape[1]);
        foreach (int rank in (int[])[1, full])
        {
            foreach (string svd in (string[])["full", "randomised"])
            {
                using LinearLayer layer = new("m", w_OI.clone().DetachFromDisposeScope());
                layer.Adapter = LoraMethods.Find(method)!.Create(layer, new AdapterRequest(rank, 0.5, 0, 1), new() { ["svd"] = svd });

                Assert.All(layer.Adapter.Trainable, parameter =>
                    Assert.True(parameter.Value.isfinite().all().item<bool>(), $"{svd}, rank {rank}: {parameter.Name}"));
                Assert.All(layer.Adapter.Tensors, tensor => Assert.True(tensor.Value.isfinite().all().item<bool>()));
                Tensor whole_OI = layer.Weight_OI.Plus(layer.Adapter.Delta(layer));
                double limit = 1e-4 * Math.Max(1, Largest(w_OI));
                Assert.InRange(Largest(whole_OI.sub(w_OI)), 0, limit);
                if (method == "pissa" && rank == full)
                {
                    Assert.InRange(Largest(layer.Weight_OI), 0, limit);
                }
            }
        }
    }

    private static Tensor Hostile(string matrix)
    {
        using Generator generator = new(8, CPU);
        Tensor random = randn(12, 20, dtype: float32, generator: generator);
        return matrix switch
        {
            "zero" => zeros_like(random),
            "identity" => eye(12, 20),
            "one rank" => random.narrow(1, 0, 1).mm(random.narrow(0, 0, 1)),
            "duplicates" => cat([random, random], dim: 0),
            "row" => random.narrow(0, 0, 1).clone(),
            "column" => random.narrow(1, 0, 1).clone(),
            "one value" => ones(12, 20),
            "tiny" => random.Times(1e-30),
            _ => random.Times(1e15),
        };
    }

    private static double Largest(Tensor values) => values.abs().max().to(float64).item<double>();
}
