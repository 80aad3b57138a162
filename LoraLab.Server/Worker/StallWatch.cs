using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Worker;

/// <summary>
/// Says when a worker that is alive does not move: no event for ten times its median step, at least for the configured span. While
/// it loads, which takes its time with large models, for ten times that span.
/// </summary>
internal sealed class StallWatch(TimeSpan shortest, TimeProvider time)
{
    private const int Steps = 101;
    private const int Times = 10;

    private readonly Queue<double> seconds = new();
    private long moved = time.GetTimestamp();
    private long stepped = time.GetTimestamp();
    private int step;
    private bool training;

    /// <summary>It has not moved for too long.</summary>
    public bool IsStalled => time.GetElapsedTime(moved) > Limit;

    private TimeSpan Limit
    {
        get
        {
            if (!training)
            {
                return shortest * Times;
            }

            double[] sorted = [.. seconds.Order()];
            TimeSpan median = TimeSpan.FromSeconds(sorted.Length == 0 ? 0 : sorted[sorted.Length / 2]);
            return median * Times > shortest ? median * Times : shortest;
        }
    }

    /// <summary>The worker told something.</summary>
    public void Take(IReadOnlyList<WorkerEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }

        moved = time.GetTimestamp();
        foreach (ProgressMade progress in events.OfType<ProgressMade>())
        {
            training |= progress.Phase != "loading";
            if (progress.Phase == "training" && progress.Step > step && step > 0)
            {
                seconds.Enqueue(time.GetElapsedTime(stepped, moved).TotalSeconds / (progress.Step - step));
                if (seconds.Count > Steps)
                {
                    seconds.Dequeue();
                }
            }

            (step, stepped) = (progress.Step, moved);
        }
    }
}
