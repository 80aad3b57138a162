using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Training.Optimization;

/// <summary>The learning-rate schedules: factors of the base learning rate by step.</summary>
public static class LearningRateSchedules
{
    /// <summary>
    /// Returns the factor of step n, with t = n − 1: t/W during warmup (t &lt; W); then (S−t)/(S−W) for linear, 1 for constant,
    /// ½(1 + cos(π(t−W)/(S−W))) for cosine; never below 0. Without warmup, the first step has the full rate.
    /// </summary>
    public static double Factor(LearningRateSchedule schedule, int step, int warmupSteps, int scheduleSteps)
    {
        double t = step - 1;
        if (t < warmupSteps)
        {
            return t / warmupSteps;
        }

        double span = scheduleSteps - warmupSteps;
        double progress = span <= 0 ? 1 : Math.Min(1, (t - warmupSteps) / span);
        return schedule switch
        {
            LearningRateSchedule.Linear => 1 - progress,
            LearningRateSchedule.Constant => 1,
            _ => 0.5 * (1 + Math.Cos(Math.PI * progress)),
        };
    }
}
