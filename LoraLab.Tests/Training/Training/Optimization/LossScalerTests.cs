using LoraLab.Training.Training.Optimization;
using Xunit;

namespace LoraLab.Tests.Training.Training.Optimization;

/// <summary>Dynamic loss scaling: when the scale halves, doubles and is exhausted.</summary>
public sealed class LossScalerTests
{
    [Fact]
    public void AfterOverflow_HalvesAtOnceAndCounts()
    {
        LossScaler scaler = LossScaler.On.AfterFinite().AfterOverflow();

        Assert.Equal((32768.0, 0, 1), (scaler.Scale, scaler.GoodSteps, scaler.Overflows));
    }

    [Fact]
    public void AfterFinite_TwoHundredTimes_DoublesOnce()
    {
        LossScaler scaler = Repeat(LossScaler.On.AfterOverflow(), 199);
        Assert.Equal(32768, scaler.Scale);

        scaler = scaler.AfterFinite();

        Assert.Equal((65536.0, 0), (scaler.Scale, scaler.GoodSteps));
    }

    [Fact]
    public void AfterFinite_OverflowWithinTheInterval_RestartsTheCount()
    {
        LossScaler scaler = Repeat(Repeat(LossScaler.On, 150).AfterOverflow(), 199);

        Assert.Equal(32768, scaler.Scale);
        Assert.Equal(65536, scaler.AfterFinite().Scale);
    }

    [Fact]
    public void AfterFinite_ManyTimes_StopsAtTwoToTheTwentyFour()
    {
        Assert.Equal(16777216, Repeat(LossScaler.On, 200 * 20).Scale);
    }

    [Fact]
    public void AfterOverflow_BelowOne_IsExhausted()
    {
        LossScaler scaler = LossScaler.On;
        for (int i = 0; i < 16; i++)
        {
            scaler = scaler.AfterOverflow();
        }

        Assert.False(scaler.Exhausted);
        Assert.True(scaler.AfterOverflow().Exhausted);
    }

    [Fact]
    public void Off_NeverChanges()
    {
        Assert.Equal(LossScaler.Off, Repeat(LossScaler.Off, 1000));
        Assert.False(LossScaler.Off.Exhausted);
    }

    private static LossScaler Repeat(LossScaler scaler, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            scaler = scaler.AfterFinite();
        }

        return scaler;
    }
}
