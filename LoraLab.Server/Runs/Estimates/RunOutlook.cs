using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Estimates;

/// <summary>What can be said of a run before it is queued: how long it takes, when it starts, and whether it was run before.</summary>
internal sealed class RunOutlook(IRunStore store, Lanes lanes, TimeProvider time)
{
    private const int MaximumSame = 10;

    /// <summary>Runs in front of a new one whose times are added up; behind more, the start is not predicted.</summary>
    private const int MaximumBefore = 200;

    /// <summary>Adds the outlook to the result of a dry run.</summary>
    public DryRunResult Add(DryRunResult result, SpecValidation valid, JsonObject submitted)
    {
        RunSpec spec = valid.Spec!;
        Dictionary<(string, string, string), TimingHistory?> known = [];
        (TimingHistory? timing, string basis) = TimingHistory.Estimate(store, spec, DeviceOf(spec));
        (DateTimeOffset? startsAt, int before) = Start(spec, known);
        return result with
        {
            Seconds = timing is null ? null : Seconds(timing, spec, valid.TotalSteps, valid.EvalRows),
            SecondsBasis = basis,
            StartsAt = startsAt,
            RunsBefore = before,
            SameRuns = Same(spec, submitted),
        };
    }

    private static double Seconds(TimingHistory timing, RunSpec spec, int steps, int rows) =>
        timing.Seconds(steps, spec.EffectiveBatch, TimingHistory.Evaluations(steps, Math.Max(1, spec.EvalEvery)), rows);

    private string DeviceOf(RunSpec spec) => lanes.All.First(lane => lane.Accepts(spec.Device)).DeviceFor(spec.Device);

    private IReadOnlyList<SameRun> Same(RunSpec spec, JsonObject submitted)
    {
        string identity = OpenSpec.Identity(spec, submitted);
        RunFilter similar = new()
        {
            Methods = new HashSet<string> { spec.Method },
            Trained = (spec.Model, spec.Dataset),
            Condition = run => (run.Spec.Seed, run.Spec.OrderSeed, run.Spec.DataSeed, run.Spec.Rank)
                == (spec.Seed, spec.OrderSeed, spec.DataSeed, spec.Rank),
        };
        return
        [
            .. store.Enumerate(similar, RunSort.Latest)
                .Where(run => OpenSpec.Identity(run.Document.Spec, run.Submitted) == identity).Take(MaximumSame)
                .Select(run => new SameRun(run.Document.Id, run.Document.Name, run.Document.State)),
        ];
    }

    /// <summary>
    /// When a run with this specification starts: each lane is free when its run ends, and takes the next run that it accepts. Null where
    /// a time on the way is unknown.
    /// </summary>
    private (DateTimeOffset? At, int Before) Start(RunSpec spec, Dictionary<(string, string, string), TimingHistory?> known)
    {
        QueuePage queue = store.QueuePage();
        RunDocument[] before = [.. queue.Waiting.Select(run => run.Document).TakeWhile(run => run.Priority >= spec.Priority)];
        double?[] free = [.. lanes.All.Select(lane => FreeAfter(lane, queue.Running))];
        if (queue.Paused || before.Length > MaximumBefore)
        {
            return (null, before.Length);
        }

        foreach (RunDocument run in before)
        {
            int lane = Earliest(free, run.Spec.Device);
            if (lane >= 0)
            {
                // Behind a run of unknown length, the lane's next start is unknown.
                free[lane] += SecondsOf(run, known);
            }
        }

        int own = Earliest(free, spec.Device);
        return (own >= 0 && free[own] is double seconds ? time.GetUtcNow().AddSeconds(seconds) : null, before.Length);
    }

    /// <summary>The lane that is free first among those that accept a device; of unknown ones, only if no other accepts it.</summary>
    private int Earliest(IReadOnlyList<double?> free, string device) => Enumerable.Range(0, free.Count)
        .Where(i => lanes.All[i].Accepts(device)).OrderBy(i => free[i] ?? double.PositiveInfinity).FirstOrDefault(-1);

    /// <summary>Seconds until the run of a lane ends; null: not known.</summary>
    private double? FreeAfter(Lane lane, IReadOnlyList<StoredRun> running)
    {
        RunDocument[] on = [.. running.Select(run => run.Document).Where(run => IsOn(run, lane))];
        return on.Length == 0 ? 0 : on.Max(run => run.Progress.EtaSeconds is double eta ? Math.Max(eta, 0) : double.NaN) is var left
            && double.IsNaN(left) ? null : left;
    }

    private bool IsOn(RunDocument run, Lane lane) => run.Attempts.Count > 0
        && (lanes.All.Count == 1 || run.Attempts[^1].Device == lane.DeviceFor(run.Spec.Device));

    private double? SecondsOf(RunDocument run, Dictionary<(string, string, string), TimingHistory?> known)
    {
        (string, string, string) key = (run.Spec.Model, run.Spec.Dataset, DeviceOf(run.Spec));
        if (!known.TryGetValue(key, out TimingHistory? timing))
        {
            known[key] = timing = TimingHistory.Estimate(store, run.Spec, key.Item3).Timing;
        }

        // What a resumed run has done counts; where it evaluates all rows, they are as many as in the runs that were timed.
        int steps = Math.Max(0, run.Progress.TotalSteps - run.Progress.Step);
        return timing is null ? null : Seconds(timing, run.Spec, steps, run.Spec.EvalSamples ?? timing.Rows);
    }
}
