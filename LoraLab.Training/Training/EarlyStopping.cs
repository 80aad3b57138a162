using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Specs;

namespace LoraLab.Training.Training;

/// <summary>
/// The rule of <c>earlyStopPatience</c>: a run stops after that many evaluations in a row without a value of its primary metric that is
/// better than every earlier one. It follows from the results so far alone, which every checkpoint has, so that a resumed run stops where
/// an uninterrupted one does.
/// </summary>
public static class EarlyStopping
{
    /// <summary>Returns why a run stops after its last evaluation, in one sentence; null: it goes on.</summary>
    /// <param name="spec">Specification of the run.</param>
    /// <param name="schedule">Its steps and evaluations.</param>
    /// <param name="metricKey">Key of its primary metric.</param>
    /// <param name="summary">Its results, including those of the last evaluation.</param>
    /// <param name="step">Steps before the last evaluation.</param>
    public static string? Reason(RunSpec spec, RunSchedule schedule, string metricKey, RunSummary summary, int step)
    {
        // At the last step there is nothing to stop.
        if (spec.EarlyStopPatience is not int patience || step >= schedule.TotalSteps
            || summary[metricKey] is not { Best: double best, BestStep: int bestStep }
            || (step / schedule.EvalEvery) - (bestStep / schedule.EvalEvery) < patience)
        {
            return null;
        }

        MetricDescriptor metric = MetricCatalog.Default.Of(metricKey);
        return $"Stopped early at step {NumberFormat.Count(step)} of {NumberFormat.Count(schedule.TotalSteps)}: {metric.Name} has not been "
            + $"better than the {metric.Text(best)} of step {NumberFormat.Count(bestStep)} for "
            + $"{NumberFormat.Count(patience, "evaluation")} (earlyStopPatience).";
    }
}
