using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Lifecycle;

namespace LoraLab.Server.Experiments.Sweeps.Pruning;

/// <summary>
/// The median stopping rule: a run is stopped at an evaluation if its best value so far is worse than the median of the other runs' best
/// values up to the same step.
/// Source: D. Golovin et al., "Google Vizier: a service for black-box optimization", KDD 2017, section 3.2.2. As there, all other runs that
/// reached the step count, including stopped ones, so that the rule does not become stricter with every run that it stops. Best values are
/// compared, not running averages.
/// </summary>
internal static class MedianRule
{
    public const int DefaultMinimumRuns = 4;

    /// <summary>The runs to stop.</summary>
    public static IEnumerable<RequestedStop> Stops(StoredSweep sweep, string sweepName, IReadOnlyList<TrialHistory> histories)
    {
        SweepPruner pruner = sweep.Plan.Pruner!;
        foreach (TrialHistory history in histories.Where(history => history.Trial.Run?.State == RunState.Running))
        {
            int step = history.LastStep;
            if (step == 0 || step < pruner.WarmupSteps || step >= sweep.TotalSteps || history.BestUntil(step) is not { } own)
            {
                continue;
            }

            double[] others = [.. histories.Where(other => other != history && other.Reached(step) is not null)
                .Select(other => other.BestUntil(step)).OfType<double>()];
            if (others.Length > 0 && others.Length >= pruner.MinimumRuns && SampleMoments.Median(others) is var median && own < median)
            {
                yield return new RequestedStop(
                    history.Trial.Run!.Id,
                    $"Stopped by the median rule of sweep '{sweepName}': its best {sweep.Plan.Objective} up to step {step} is "
                        + $"{Format(own)}, the median of {others.Length} other runs is {Format(median)}.");
            }
        }

        string Format(double score) => Objective.Format(sweep.Plan.Objective, Objective.Score(sweep.Plan.Objective, score));
    }
}
