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

    private static void Calm(LossScaler scaler, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Assert.True(scaler.Accept(finite: true));
        }
    }
}
