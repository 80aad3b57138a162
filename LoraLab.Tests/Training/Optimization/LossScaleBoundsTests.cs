using LoraLab.Training.Optimization;
using Xunit;

namespace LoraLab.Tests.Training.Optimization;

public sealed class LossScaleBoundsTests
{
    [Fact]
    public void Accept_Overflow_SkipsTheStepAndHalvesTheScale()
    {
        LossScaler scaler = LossScaler.On();

        Assert.True(scaler.Accept(finite: true));
        Assert.False(scaler.Accept(finite: false));
        Assert.False(scaler.Accept(finite: false));
        Assert.Equal(65536 / 4, scaler.Scale);
    }

    [Fact]
    public void Accept_TwoThousandCalmStepsInARow_DoublesTheScaleUpToTheLargest()
    {
        LossScaler scaler = LossScaler.On();
        scaler.Accept(finite: false);
        scaler.Accept(finite: false);
        for (int i = 0; i < 1999; i++)
        {
            scaler.Accept(finite: true);
        }

        Assert.Equal(16384, scaler.Scale);
        scaler.Accept(finite: true);
        Assert.Equal(32768, scaler.Scale);
        for (int i = 0; i < 10_000; i++)
        {
            scaler.Accept(finite: true);
        }

        Assert.Equal(65536, scaler.Scale);
    }

    [Fact]
    public void Accept_ScalingOff_NeverSkips()
    {
        LossScaler scaler = LossScaler.Off();

        Assert.True(scaler.Accept(finite: false));
        Assert.Equal((1.0, false), (scaler.Scale, scaler.Active));
    }
}
