namespace LoraLab.Contracts.Runs;

/// <summary>
/// When queued runs are likely to start and end: one after the other, on the device that is free first, each as long as its steps took in
/// the latest completed run of the same model and dataset, of the same method if there is one. What follows a run of unknown length is
/// unknown too.
/// </summary>
public static class QueueForecast
{
    /// <summary>Times by run id of the queued runs in a page that begins with the next one; none while the queue is paused.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="completed">Completed runs, latest first.</param>
    /// <param name="lanes">Number of runs that are executed at a time.</param>
    /// <param name="now">The present.</param>
    public static IReadOnlyDictionary<string, QueueTimes> Of(
        QueueDocument queue, IReadOnlyList<RunDocument> completed, int lanes, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(completed);
        Dictionary<string, QueueTimes> times = [];
        if (queue.Paused || queue.Offset > 0)
        {
            return times;
        }

        // Seconds until each lane is free; null: not known.
        List<double?> free = [.. queue.Running.Select(run => run.Progress.EtaSeconds)];
        free.AddRange(Enumerable.Repeat<double?>(0, Math.Max(0, lanes - free.Count)));
        foreach (RunDocument run in queue.Queued)
        {
            // An unknown lane may be free first.
            double? start = free.Count == 0 || free.Contains(null) ? null : free.Min();
            double? end = start + Seconds(run, completed);
            times[run.Id] = new QueueTimes(At(now, start), At(now, end));
            if (start is not null)
            {
                free[free.IndexOf(start)] = end;
            }
        }

        return times;
    }

    /// <summary>Expected seconds of a run that has not started; null: no completed run resembles it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="completed">Completed runs, latest first.</param>
    public static double? Seconds(RunDocument run, IReadOnlyList<RunDocument> completed)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(completed);
        RunDocument? like = completed
            .Where(other => other.Spec.Model == run.Spec.Model && other.Spec.Dataset == run.Spec.Dataset
                && other.Summary.TrainSeconds > 0 && other.Progress.TotalSteps > 0)
            .MaxBy(other => other.Spec.Method == run.Spec.Method);
        if (like is null || run.Progress.TotalSteps == 0)
        {
            return null;
        }

        double seconds = like.Summary.TrainSeconds!.Value + (like.Summary.EvalSeconds ?? 0);
        double rows = (double)run.Spec.EffectiveBatch / like.Spec.EffectiveBatch;
        int steps = run.Progress.TotalSteps - run.Progress.Step;
        return (like.Summary.LoadSeconds ?? 0) + (seconds / like.Progress.TotalSteps * steps * rows);
    }

    private static DateTimeOffset? At(DateTimeOffset now, double? seconds) => seconds is double known ? now.AddSeconds(known) : null;
}
