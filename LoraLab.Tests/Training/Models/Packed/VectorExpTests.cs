using System.Runtime.Intrinsics;
using LoraLab.Training.Models.Packed;
using Xunit;

namespace LoraLab.Tests.Training.Models.Packed;

/// <summary>The vectorized exponential of the softmax.</summary>
public sealed class VectorExpTests
{
    [Fact]
    public void Of_NonPositive_IsWithinTwoUlp()
    {
        double worst = 0;
        for (float x = 0; x >= -87; x -= 0.00037f)
        {
            double exact = Math.Exp(x);
            worst = Math.Max(worst, Math.Abs(VectorExp.Of(Vector256.Create(x))[3] - exact) / exact);
        }

        Assert.InRange(worst, 0, 2 * Math.Pow(2, -23));
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-88f, 0f)]
    [InlineData(-1e30f, 0f)]
    [InlineData(float.NegativeInfinity, 0f)]
    public void Of_AtItsEnds_IsExact(float x, float expected) => Assert.Equal(expected, VectorExp.Of(Vector256.Create(x))[0]);
}
