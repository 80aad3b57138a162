using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Estimates;

/// <summary>When queued runs start and end: each lane is free when its run ends, and takes the next run that it accepts.</summary>
internal sealed class StartForecast(IRunStore store, Lanes lanes, TimeProvider time)
{
    /// <summary>Queued runs whose times are added up; further behind, the start of a run is not predicted.</summary>
    public const int MaximumQueued = 200;

    private IReadOnlyList<Lane> AllLanes => lanes.Everywhere;

    /// <summary>Times of the first queued runs.</summary>
    public QueueForecast OfQueue()
    {
        QueuePage queue = store.QueuePage(limit: MaximumQueued);
        Dictionary<string, QueueTimes> times = [];
        if (!queue.Paused)
        {
            Simulation lanesFrom = new(this, queue.Running);
            DateTimeOffset now = time.GetUtcNow();
            foreach (RunDocument run in queue.Waiting.Select(waiting => waiting.Document))
            {
                (double? start, double? end) = lanesFrom.Add(run);
                if (start is double known)
                {
                    times[run.Id] = new QueueTimes(now.AddSeconds(known), end is double seconds ? now.AddSeconds(seconds) : null);
                }
            }
        }

        return new QueueForecast(times);
    }

    /// <summary>
    /// When a run that is not queued yet would start, null where a time on the way is unknown; and the number of queued runs before it.
    /// </summary>
    public (DateTimeOffset? At, int Before) OfNew(RunSpec spec)
    {
        QueuePage queue = store.QueuePage();
        RunDocument[] before = [.. queue.Waiting.Select(run => run.Document).TakeWhile(run => run.Priority >= spec.Priority)];
        if (queue.Paused || before.Length > MaximumQueued)
        {
            return (null, before.Length);
        }

        Simulation lanesFrom = new(this, queue.Running);
        foreach (RunDocument run in before)
        {
            lanesFrom.Add(run);
        }

        return (lanesFrom.StartOf(spec.Device) is double seconds ? time.GetUtcNow().AddSeconds(seconds) : null, before.Length);
    }

    /// <summary>The timing of completed runs like one with this specification, and its basis.</summary>
    public (TimingHistory? Timing, string Basis) TimingOf(RunSpec spec) =>
        TimingHistory.Estimate(store, spec, DeviceOf(spec), method: true);

    private string DeviceOf(RunSpec spec) =>
        lanes.Everywhere.FirstOrDefault(lane => lane.Accepts(spec.Device))?.DeviceFor(spec.Device) ?? spec.Device;

    /// <summary>The lanes, from now on.</summary>
    private sealed class Simulation
    {
        private readonly StartForecast _forecast;
        private readonly Dictionary<(string Model, string Dataset, string Method, string Device), TimingHistory?> _known = [];

        // Seconds until each lane is free; null: not known.
        private readonly double?[] _free;

        public Simulation(StartForecast forecast, IReadOnlyList<StoredRun> running)
        {
            _forecast = forecast;
            _free = [.. Lanes.Select(lane => FreeAfter(lane, running))];
        }

        private IReadOnlyList<Lane> Lanes => _forecast.AllLanes;

        /// <summary>Start and end of the next run, in seconds from now; null: not known.</summary>
        public (double? Start, double? End) Add(RunDocument run)
        {
            int lane = Earliest(run.Spec.Device);
            if (lane < 0)
            {
                return (null, null);
            }

            double? start = _free[lane];
            // Behind a run of unknown length, the lane's next start is unknown.
            _free[lane] = start + SecondsOf(run);
            return (start, _free[lane]);
        }

        /// <summary>Seconds until a run for a device starts; null: not known.</summary>
        public double? StartOf(string device) => Earliest(device) is int lane and >= 0 ? _free[lane] : null;

        /// <summary>The lane that is free first among those that accept a device; of unknown ones, only if no other accepts it.</summary>
        private int Earliest(string device) => Enumerable.Range(0, _free.Length)
            .Where(i => Lanes[i].Accepts(device)).OrderBy(i => _free[i] ?? double.PositiveInfinity).FirstOrDefault(-1);

        private double? FreeAfter(Lane lane, IReadOnlyList<StoredRun> running)
        {
            double?[] left = [.. running.Select(run => run.Document).Where(run => IsOn(run, lane)).Select(run => run.Progress.EtaSeconds)];
            return left.Length == 0 ? 0 : left.Contains(null) ? null : Math.Max(0, left.Max()!.Value);
        }

        private bool IsOn(RunDocument run, Lane lane) => run.Attempts.Count > 0 && (Lanes.Count == 1
            || (lane.Accepts(run.Spec.Device) && run.Attempts[^1].Device == lane.DeviceFor(run.Spec.Device)));

        private double? SecondsOf(RunDocument run)
        {
            RunSpec spec = run.Spec;
            (string, string, string, string) key = (spec.Model, spec.Dataset, spec.Method, _forecast.DeviceOf(spec));
            if (!_known.TryGetValue(key, out TimingHistory? timing))
            {
                _known[key] = timing = _forecast.TimingOf(spec).Timing;
            }

            // What a resumed run has done counts; where it evaluates all rows, they are as many as in the runs that were timed.
            return timing?.Seconds(spec, Math.Max(0, run.Progress.TotalSteps - run.Progress.Step), spec.EvalSamples ?? timing.Rows);
        }
    }
}
