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

    private readonly Queue<double> _seconds = new();
    private long _moved = time.GetTimestamp();
    private long _stepped = time.GetTimestamp();
    private int _step;
    private bool _training;

    /// <summary>Whether there has been no progress for too long.</summary>
    public bool IsStalled => time.GetElapsedTime(_moved) > Limit;

    private TimeSpan Limit
    {
        get
        {
            if (_seconds.Count == 0)
            {
                // The step time is unknown before the second step: a large model on a slow machine needs minutes.
                return _training ? shortest * StallFactor : shortest;
            }

            double[] sorted = [.. _seconds.Order()];
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

        _moved = time.GetTimestamp();
        foreach (ProgressMade progress in events.OfType<ProgressMade>())
        {
            _training = progress.Phase == "training";
            if (progress.Phase == "training" && progress.Step > _step && _step > 0)
            {
                _seconds.Enqueue(time.GetElapsedTime(_stepped, _moved).TotalSeconds / (progress.Step - _step));
                if (_seconds.Count > Steps)
                {
                    _seconds.Dequeue();
                }
            }

            (_step, _stepped) = (progress.Step, _moved);
        }
    }
}
