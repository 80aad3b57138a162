using LoraLab.Training.Optimization;
using Xunit;

namespace LoraLab.Tests.Training.Optimization;

public sealed class LossScalerTests
{
    [Fact]
    public void Accept_Overflow_SkipsTheUpdateAndHalvesTheScale()
    {
        LossScaler scaler = LossScaler.On();

        Assert.False(scaler.Accept(finite: false));
        Assert.True(scaler.Accept(finite: true));

        Assert.Equal(32768, scaler.Scale);
    }

    [Fact]
    public void Restore_AfterOverflowAndCalmSteps_DoublesWhenTheOriginalWould()
    {
        LossScaler original = LossScaler.On();
        original.Accept(finite: false);
        Calm(original, 1990);
        LossScaler restored = LossScaler.On();

        restored.Restore(original.Scale, original.CalmSteps);

        for (int step = 0; step < 20; step++)
        {
            Assert.Equal(original.Scale, restored.Scale);
            Assert.Equal(step < 10 ? 32768 : 65536, restored.Scale);
            Calm(original, 1);
            Calm(restored, 1);
        }
    }

    [Fact]
    public void Accept_OverflowTwice_QuartersTheScale()
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
        Calm(scaler, 1999);

        Assert.Equal(16384, scaler.Scale);
        scaler.Accept(finite: true);
        Assert.Equal(32768, scaler.Scale);
        Calm(scaler, 10_000);

        Assert.Equal(65536, scaler.Scale);
    }

    [Fact]
    public void Accept_ScalingOff_NeverSkips()
    {
        LossScaler scaler = LossScaler.Off();

        Assert.True(scaler.Accept(finite: false));
        Assert.Equal((1.0, false), (scaler.Scale, scaler.Active));
    }

    private static void Calm(LossScaler scaler, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Assert.True(scaler.Accept(finite: true));
        }
    }
}
