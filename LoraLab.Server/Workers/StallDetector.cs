using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Workers;

/// <summary>
/// Detects a live worker without progress: it has reported nothing for ten times its median step, and at least for the configured time.
/// Loading and evaluation count as progress while the worker reports them.
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

    /// <summary>Whether there has been no progress for too long.</summary>
    public bool IsStalled => time.GetElapsedTime(moved) > Limit;

    private TimeSpan Limit
    {
        get
        {
            if (seconds.Count == 0)
            {
                // The step time is unknown before the second step: a large model on a slow machine needs minutes.
                return training ? shortest * StallFactor : shortest;
            }

            double[] sorted = [.. seconds.Order()];
            TimeSpan median = TimeSpan.FromSeconds(sorted[sorted.Length / 2]);
            return median * StallFactor > shortest ? median * StallFactor : shortest;
        }
    }

    /// <summary>Records events of the worker as progress.</summary>
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
