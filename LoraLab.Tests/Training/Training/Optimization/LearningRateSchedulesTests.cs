using CsCheck;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training.Optimization;
using Xunit;

namespace LoraLab.Tests.Training.Training.Optimization;

public sealed class LearningRateSchedulesTests
{
    // Step n has the factor of t = n − 1.
    [Theory]
    [InlineData(LearningRateSchedule.Linear, 1, 0, 1250, 1.0)]
    [InlineData(LearningRateSchedule.Linear, 1250, 0, 1250, 1.0 / 1250)]
    [InlineData(LearningRateSchedule.Linear, 626, 0, 1250, 0.5)]
    [InlineData(LearningRateSchedule.Linear, 1, 100, 1100, 0.0)]
    [InlineData(LearningRateSchedule.Linear, 51, 100, 1100, 0.5)]
    [InlineData(LearningRateSchedule.Linear, 101, 100, 1100, 1.0)]
    [InlineData(LearningRateSchedule.Linear, 601, 100, 1100, 0.5)]
    [InlineData(LearningRateSchedule.Linear, 5000, 0, 1250, 0.0)]
    [InlineData(LearningRateSchedule.Constant, 1250, 0, 1250, 1.0)]
    [InlineData(LearningRateSchedule.Constant, 26, 50, 1250, 0.5)]
    [InlineData(LearningRateSchedule.Cosine, 1, 0, 1000, 1.0)]
    [InlineData(LearningRateSchedule.Cosine, 501, 0, 1000, 0.5)]
    [InlineData(LearningRateSchedule.Cosine, 251, 0, 1000, 0.85355339059327373)]
    [InlineData(LearningRateSchedule.Cosine, 2000, 0, 1000, 0.0)]
    public void Factor_KnownPoints_AreTheFormulas(
        LearningRateSchedule schedule, int step, int warmup, int scheduleSteps, double expected) =>
        Assert.Equal(expected, LearningRateSchedules.Factor(schedule, step, warmup, scheduleSteps), 1e-12);

    [Fact]
    public void Factor_AnySchedule_RisesThenNeverRisesAndStaysInBounds() =>
        Gen.Select(Gen.Enum<LearningRateSchedule>(), Gen.Int[0, 50], Gen.Int[1, 200]).Sample((schedule, warmup, rest) =>
        {
            double[] factors = [.. Enumerable.Range(1, warmup + rest + 10)
                .Select(step => LearningRateSchedules.Factor(schedule, step, warmup, warmup + rest))];

            Assert.All(factors, factor => Assert.InRange(factor, 0, 1));
            Assert.Equal(1, factors[warmup]);
            Assert.Equal(factors[..warmup], factors[..warmup].Order());
            Assert.Equal(factors[warmup..], factors[warmup..].OrderDescending());
        });
}
