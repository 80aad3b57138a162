using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters.Svd;

/// <summary>Algorithm of a truncated SVD.</summary>
public enum SvdAlgorithm
{
    /// <summary>Full if min(out, in) is at most 512, otherwise randomized.</summary>
    Auto,

    /// <summary>Full SVD in float64, then truncated.</summary>
    Full,

    /// <summary>Randomized SVD with power iterations (Halko, Martinsson and Tropp 2011).</summary>
    [JsonStringEnumMemberName("randomised")]
    Randomized,
}

/// <summary>Truncated SVD of a weight, U diag(σ) Vᵀ, with the r largest (or smallest) singular values.</summary>
/// <param name="U_OR">Left singular vectors, [out, r].</param>
/// <param name="Sigma_R">Singular values, descending, [r].</param>
/// <param name="Vh_RI">Right singular vectors as rows, [r, in].</param>
/// <param name="Algorithm">Algorithm used: <c>full</c>, <c>randomised</c> or <c>full smallest</c>.</param>
public sealed record TruncatedSvd(Tensor U_OR, Tensor Sigma_R, Tensor Vh_RI, string Algorithm)
{
    private const int Oversampling = 10;
    private const int LargestAutoFull = 512;

    /// <summary>
    /// Computes the SVD in float64 (full) or fp32 (randomized). Signs are canonical: the largest entry of each left vector
    /// is positive. The random start of the randomized SVD depends only on the module's name. The caller's dispose scope owns the result.
    /// A <paramref name="cache"/> returns bit-identical results.
    /// </summary>
    public static TruncatedSvd Of(Tensor weight_OI, int rank, SvdAlgorithm algorithm, int iterations, string module, SvdCache? cache = null)
    {
        long smaller = Math.Min(weight_OI.shape[0], weight_OI.shape[1]);
        bool full = algorithm == SvdAlgorithm.Full || (algorithm == SvdAlgorithm.Auto && smaller <= LargestAutoFull);
        return cache is null
            ? Compute(weight_OI, rank, full, iterations, module)
            : cache.Get(SvdKey.Of(weight_OI, rank, full, iterations, module), weight_OI, rank, () =>
                Compute(weight_OI, rank, full, iterations, module));
    }

    /// <summary>
    /// The r smallest singular values, descending, with their vectors, from the full SVD in float64 with the same canonical signs. The
    /// caller's dispose scope owns the result.
    /// </summary>
    public static TruncatedSvd Smallest(Tensor weight_OI, int rank, SvdCache? cache = null) => cache is null
        ? ComputeSmallest(weight_OI, rank)
        : cache.Get(SvdKey.OfSmallest(weight_OI, rank), weight_OI, rank, () => ComputeSmallest(weight_OI, rank));

    private static TruncatedSvd Compute(Tensor weight_OI, int rank, bool full, int iterations, string module)
    {
        using IDisposable noGrad = no_grad();
        long smaller = Math.Min(weight_OI.shape[0], weight_OI.shape[1]);
        (Tensor u, Tensor sigma, Tensor vh) = full
            ? linalg.svd(weight_OI.to(float64), fullMatrices: false)
            : Randomized(weight_OI.to(float32), (int)Math.Min(rank + Oversampling, smaller), iterations, module);
        Tensor u_OR = u.narrow(1, 0, rank);
        Tensor signs_1R = Factors.SignOfLargest(u_OR);
        return new(u_OR.mul(signs_1R), sigma.narrow(0, 0, rank), vh.narrow(0, 0, rank).mul(signs_1R.transpose(0, 1)), full
            ? "full"
            : "randomised");
    }

    private static TruncatedSvd ComputeSmallest(Tensor weight_OI, int rank)
    {
        using IDisposable noGrad = no_grad();
        (Tensor u, Tensor sigma, Tensor vh) = linalg.svd(weight_OI.to(float64), fullMatrices: false);
        long first = sigma.shape[0] - rank;
        Tensor u_OR = u.narrow(1, first, rank);
        Tensor signs_1R = Factors.SignOfLargest(u_OR);
        return new(
            u_OR.mul(signs_1R), sigma.narrow(0, first, rank), vh.narrow(0, first, rank).mul(signs_1R.transpose(0, 1)), SvdKey.Smallest);
    }

    private static (Tensor U, Tensor Sigma, Tensor Vh) Randomized(Tensor weight_OI, int columns, int iterations, string module)
    {
        Tensor start_IK = Initializers.Gaussian(module + ".svd", 0, weight_OI.shape[1], columns, 1, weight_OI.device);
        Tensor basis_OK = linalg.qr(weight_OI.mm(start_IK)).Q;
        for (int i = 0; i < iterations; i++)
        {
            Tensor basis_IK = linalg.qr(weight_OI.t().mm(basis_OK)).Q;
            basis_OK = linalg.qr(weight_OI.mm(basis_IK)).Q;
        }

        (Tensor small_KK, Tensor sigma_K, Tensor vh_KI) = linalg.svd(basis_OK.t().mm(weight_OI), fullMatrices: false);
        return (basis_OK.mm(small_KK), sigma_K, vh_KI);
    }
}
