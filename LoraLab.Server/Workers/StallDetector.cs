using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Workers;

/// <summary>
/// Says when a worker that is alive does not move: it has told nothing for ten times its median step, at least for the configured span.
/// Loading and evaluating count as moving while it tells of them.
/// </summary>
internal sealed class StallDetector(TimeSpan shortest, TimeProvider time)
{
    private const int Steps = 101;
    private const int StallFactor = 10;

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
            if (seconds.Count == 0)
            {
                // How long a step takes is not known before the second: a large model on a slow machine needs minutes.
                return training ? shortest * StallFactor : shortest;
            }

            double[] sorted = [.. seconds.Order()];
            TimeSpan median = TimeSpan.FromSeconds(sorted[sorted.Length / 2]);
            return median * StallFactor > shortest ? median * StallFactor : shortest;
        }
    }

    /// <summary>The worker told something.</summary>
    public void Observe(IReadOnlyList<WorkerEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }

        moved = time.GetTimestamp();
        foreach (ProgressMade progress in events.OfType<ProgressMade>())
        {
            training = progress.Phase == "training";
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
