using System.Globalization;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Lifecycle;

namespace LoraLab.Server.Experiments.Sweeps.Pruning;

/// <summary>
/// The median stopping rule: a running run is stopped at an evaluation when its best so far is worse than the median of what the others had as their
/// best at the same step.
/// Source: D. Golovin et al., "Google Vizier: a service for black-box optimization", KDD 2017, section 3.2.2; as there, all others that came so far count,
/// stopped ones too, so that the rule does not get stricter with every run that it stops. Bests are compared, not running means.
/// </summary>
internal static class MedianRule
{
    public const int DefaultMinimumRuns = 4;

    /// <summary>The runs to stop now.</summary>
    public static IEnumerable<RequestedStop> Stops(StoredSweep record, string sweep, IReadOnlyList<TrialHistory> courses)
    {
        SweepPruner pruner = record.Plan.Pruner!;
        foreach (TrialHistory course in courses.Where(course => course.Trial.Run?.State == RunState.Running))
        {
            int step = course.LastStep;
            if (step == 0 || step < pruner.WarmupSteps || step >= record.TotalSteps || course.BestUntil(step) is not { } own)
            {
                continue;
            }

            double[] others = [.. courses.Where(other => other != course && other.At(step) is not null).Select(other => other.BestUntil(step)).OfType<double>()];
            if (others.Length > 0 && others.Length >= pruner.MinimumRuns && SampleMoments.Median(others) is var median && own < median)
            {
                yield return new RequestedStop(course.Trial.Run!.Id, string.Create(
                    CultureInfo.InvariantCulture,
                    $"Sweep '{sweep}' stopped it by the median rule: its best {record.Plan.Objective} up to step {step} is {Shown(own):0.####}, and the median of {others.Length} others there is {Shown(median):0.####}."));
            }
        }

        double Shown(double score) => Objective.Score(record.Plan.Objective, score);
    }
}
