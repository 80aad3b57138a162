using MathNet.Numerics;

namespace LoraLab.Server.Comparison.Statistics;

/// <summary>
/// Student's t distribution with ν degrees of freedom; MathNet.Numerics computes the incomplete beta function and its inverse.
/// Source: Student, "The probable error of a mean", Biometrika 6 (1908), 1–25; P(|T| ≥ t) = I_{ν/(ν + t²)}(ν/2, ½) is
/// Abramowitz and Stegun, 26.7.1 with 26.5.27.
/// </summary>
internal static class StudentT
{
    /// <summary>P(|T| ≥ |t|), accurate in the tails too.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No degrees of freedom, or t is NaN.</exception>
    public static double TwoSidedP(double t, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(degreesOfFreedom);
        if (double.IsNaN(t))
        {
            throw new ArgumentOutOfRangeException(nameof(t), t, "t must be a number.");
        }

        double freedom = degreesOfFreedom;
        double square = t * t;
        // ν/(ν + t²) rounds to 1 for small t, t²/(ν + t²) for large t: the argument is the one that keeps its digits.
        return double.IsInfinity(square) ? 0
            : square > freedom ? SpecialFunctions.BetaRegularized(freedom / 2, 0.5, freedom / (freedom + square))
            : 1 - SpecialFunctions.BetaRegularized(0.5, freedom / 2, square / (freedom + square));
    }

    /// <summary>P(T ≤ t).</summary>
    /// <exception cref="ArgumentOutOfRangeException">No degrees of freedom, or t is NaN.</exception>
    public static double Cdf(double t, int degreesOfFreedom)
    {
        double outer = TwoSidedP(t, degreesOfFreedom) / 2;
        return t < 0 ? outer : 1 - outer;
    }

    /// <summary>The t with P(T ≤ t) = p; the underlying root search stops at 1e-12 in p.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No degrees of freedom, or p is not within (0, 1).</exception>
    public static double Quantile(double p, int degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(degreesOfFreedom);
        return p is > 0 and < 1
            ? MathNet.Numerics.Distributions.StudentT.InvCDF(0, 1, degreesOfFreedom, p)
            : throw new ArgumentOutOfRangeException(nameof(p), p, "The probability of a quantile lies between 0 and 1.");
    }
}
