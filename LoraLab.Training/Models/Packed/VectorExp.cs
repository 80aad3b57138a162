using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Vectorized exponential of eight floats ≤ 0, as in a softmax. The runtime's own goes through double and is not inlined: attention with
/// small heads would spend most of its time there.
/// </summary>
internal static class VectorExp
{
    // Below this the result is subnormal.
    private const float Lowest = -87f;
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts; the first has few enough digits that its products with small integers are exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;
    private const int MantissaBits = 23;

    /// <summary>
    /// eˣ within 2 ulp; 0 for x below -87, including -∞. With x = n ln 2 + r, |r| ≤ ln 2 / 2: 2ⁿ times the Taylor series of eʳ up to r⁷.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Of(Vector256<float> x)
    {
        Vector256<float> inRange = Vector256.GreaterThanOrEqual(x, Vector256.Create(Lowest));
        Vector256<float> n = Vector256.Round(x * Log2E);
        Vector256<float> r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2High), x);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2Low), r);
        Vector256<float> y = Vector256.Create(1 / 5040f);
        y = Vector256.FusedMultiplyAdd(y, r, Vector256.Create(1 / 720f));
        y = Vector256.FusedMultiplyAdd(y, r, Vector256.Create(1 / 120f));
        y = Vector256.FusedMultiplyAdd(y, r, Vector256.Create(1 / 24f));
        y = Vector256.FusedMultiplyAdd(y, r, Vector256.Create(1 / 6f));
        y = Vector256.FusedMultiplyAdd(y, r, Vector256.Create(1 / 2f));
        y = Vector256.FusedMultiplyAdd(y, r, Vector256<float>.One);
        y = Vector256.FusedMultiplyAdd(y, r, Vector256<float>.One);
        Vector256<int> exponent = Vector256.ShiftLeft(Vector256.ConvertToInt32Native(n), MantissaBits);
        return Vector256.BitwiseAnd((y.AsInt32() + exponent).AsSingle(), inRange);
    }
}
