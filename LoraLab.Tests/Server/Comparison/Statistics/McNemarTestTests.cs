using System.Numerics;
using CsCheck;
using LoraLab.Server.Comparison.Statistics;
using Xunit;

namespace LoraLab.Tests.Server.Comparison.Statistics;

public sealed class McNemarTestTests
{
    // Each is 2·Σ C(b+c, i)/2^(b+c) for i ≤ min(b, c), summed by hand. The first is the example of the exact test in M. P. Fay's
    // R package exact2x2 (p = 0.06543), the second and third stand, halved and rounded, in the sign test's table (table D of
    // S. Siegel, Nonparametric Statistics, 1956: N = 20, x = 5: .021; N = 10, x = 1: .011).
    [Theory]
    [InlineData(9, 2, 134.0 / 2048)]
    [InlineData(15, 5, 2 * 21700.0 / 1048576)]
    [InlineData(1, 9, 22.0 / 1024)]
    [InlineData(6, 0, 2.0 / 64)]
    [InlineData(0, 5, 2.0 / 32)]
    [InlineData(1, 0, 1)]
    [InlineData(3, 4, 1)]
    [InlineData(7, 7, 1)]
    [InlineData(0, 0, 1)]
    public void PValue_SmallCounts_IsTheBinomialSum(int b, int c, double p)
    {
        Assert.Equal(p, McNemarTest.PValue(b, c), 1e-14);
        Assert.Equal(p, McNemarTest.PValue(c, b), 1e-14);
    }

    [Fact]
    public void PValue_AnyCounts_EqualsTheSumInWholeNumbers() =>
        Gen.Select(Gen.Int[0, 600], Gen.Int[0, 600]).Sample((b, c) =>
        {
            int m = b + c;
            BigInteger binomial = 1;
            BigInteger sum = 0;
            for (int i = 0; i <= Math.Min(b, c); i++)
            {
                sum += binomial;
                binomial = binomial * (m - i) / (i + 1);
            }

            // Σ / 2^(m−1) = 2·P; the logarithm keeps what a double cannot hold.
            double expected = Math.Min(1, Math.Exp(BigInteger.Log(sum) - ((m - 1) * Math.Log(2))));
            Assert.Equal(1, McNemarTest.PValue(b, c) / expected, 1e-9);
        });

    // b + c = 1,000,000 with 1,000 (two standard deviations) between b and c. The normal approximation with continuity correction,
    // 2·Φ(−(1000 − 1)/1000), has an error of the order 1/(b + c) here; 2·Φ(−0.999) = 0.3177946 from Φ(−1) = 0.15865525 and
    // φ(1) = 0.24197072.
    [Fact]
    public void PValue_AMillionDiscordantRows_IsFiniteAndNearTheNormalLimit()
    {
        double p = McNemarTest.PValue(500_500, 499_500);

        Assert.Equal(2 * (0.15865525 + (0.001 * 0.24197072)), p, 1e-5);
        Assert.Equal(1, McNemarTest.PValue(1_000_000_000, 1_000_000_000));
        Assert.Equal(0, McNemarTest.PValue(2_000_000_000, 1_000_000_000));
    }

    [Fact]
    public void PValue_NegativeCount_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => McNemarTest.PValue(-1, 3));
}
