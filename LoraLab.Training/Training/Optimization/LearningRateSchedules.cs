using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Training.Optimization;

/// <summary>Factor of the learning rate over the steps of a run.</summary>
public static class LearningRateSchedules
{
    /// <summary>
    /// The factor of step n, with t = n − 1: t/W in warm-up (t &lt; W); then (S−t)/(S−W) for linear, 1 for constant,
    /// ½(1 + cos(π(t−W)/(S−W))) for cosine; never below 0. Without warm-up the first step has the full rate.
    /// </summary>
    public static double Factor(LearningRateSchedule schedule, int step, int warmupSteps, int horizon)
    {
        double t = step - 1;
        if (t < warmupSteps)
        {
            return t / warmupSteps;
        }

        double span = horizon - warmupSteps;
        double done = span <= 0 ? 1 : Math.Min(1, (t - warmupSteps) / span);
        return schedule switch
        {
            LearningRateSchedule.Linear => 1 - done,
            LearningRateSchedule.Constant => 1,
            _ => 0.5 * (1 + Math.Cos(Math.PI * done)),
        };
    }
}
