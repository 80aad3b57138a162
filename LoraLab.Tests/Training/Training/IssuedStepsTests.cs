using LoraLab.Training.Data;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Optimization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training;

/// <summary>Times of steps on a device that accepts them at once and computes them later.</summary>
public sealed class IssuedStepsTests
{
    private static readonly TrainingExample[] _window = [TrainingExample.From(0, [1, 2, 3, 4], 1)];

    [Fact]
    public void Read_DeviceThatComputesLater_TimesStepsUntilItHasDoneThem()
    {
        HeldClock clock = new();
        using IssuedSteps steps = Late(clock, secondsPerStep: 2);
        for (int step = 1; step <= 3; step++)
        {
            Issue(steps, step);
            clock.Advance(TimeSpan.FromSeconds(0.1));
        }

        IReadOnlyList<StepResult> results = steps.Read();

        Assert.All(results, result => Assert.Equal((6.3 / 3, 12 / 6.3), (result.Seconds, result.TokensPerSecond), Near));
    }

    [Fact]
    public void Read_TimeBetweenBatches_IsNotCounted()
    {
        HeldClock clock = new();
        using IssuedSteps steps = Late(clock, secondsPerStep: 2);
        Issue(steps, 1);
        steps.Read();
        clock.Advance(TimeSpan.FromSeconds(50)); // An evaluation.
        Assert.Empty(steps.Read());
        Issue(steps, 2);

        Assert.Equal(2, Assert.Single(steps.Read()).Seconds, 6);
    }

    private static bool Near((double Seconds, double Rate) one, (double Seconds, double Rate) other) =>
        Math.Abs(one.Seconds - other.Seconds) < 1e-9 && Math.Abs(one.Rate - other.Rate) < 1e-9;

    private static void Issue(IssuedSteps steps, int step)
    {
        steps.Begin();
        steps.Add(new(step, _window, LossScaler.Off));
    }

    private static IssuedSteps Late(HeldClock clock, double secondsPerStep) => new(CPU, clock, results =>
    {
        clock.Advance(TimeSpan.FromSeconds(secondsPerStep * results.shape[0]));
        return TensorReader.Doubles(results);
    });

    private sealed class HeldClock : TimeProvider
    {
        private TimeSpan _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public void Advance(TimeSpan time) => _now += time;
    }
}
