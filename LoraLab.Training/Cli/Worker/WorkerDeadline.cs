using LoraLab.Contracts.Worker;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Cli.Worker;

/// <summary>
/// Until when a worker may live: another node continues its run afterwards. It begins to stop in time to save a checkpoint, and is killed
/// at the deadline, even if its server is stopped and cannot.
/// </summary>
/// <param name="stop">Signals the run to stop.</param>
/// <param name="gracePeriod">Time that it takes to stop.</param>
/// <param name="onOverdue">Called at the deadline.</param>
internal sealed class WorkerDeadline(StopSignal stop, TimeSpan gracePeriod, Action onOverdue)
{
    /// <summary>The least part of a short time that is left for training.</summary>
    private const int ShortParts = 3;

    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private long _until;
    private long _stopAt;

    /// <summary>Moves the deadline; an earlier one than before has no effect.</summary>
    /// <param name="until">Milliseconds of the machine's monotonic clock (<see cref="MonotonicClock"/>).</param>
    public void Extend(long until)
    {
        lock (_gate)
        {
            if (until <= _until)
            {
                return;
            }

            bool first = _until == 0;
            _until = until;
            _stopAt = until - Math.Min((long)gracePeriod.TotalMilliseconds, Math.Max(0, until - MonotonicClock.Now) / ShortParts);
            if (first)
            {
                new Thread(Watch) { IsBackground = true, Name = "deadline" }.Start();
            }
        }
    }

    private void Watch()
    {
        bool stopping = false;
        while (true)
        {
            long now = MonotonicClock.Now;
            (long until, long stopAt) = Read();
            if (now >= until)
            {
                onOverdue();
                return;
            }

            if (now >= stopAt && !stopping)
            {
                stopping = true;
                stop.Abandon("stopped: the server does not reach the database any more");
            }

            Thread.Sleep(_look);
        }
    }

    private (long Until, long StopAt) Read()
    {
        lock (_gate)
        {
            return (_until, _stopAt);
        }
    }
}
