using System.Globalization;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Runs;
using LoraLab.Server.Store;

namespace LoraLab.Server.Studies;

/// <summary>How long runs will take, from finished runs of the same model and data set on the same device: nothing else knows its pace.</summary>
internal static class StudyForecast
{
    /// <summary>Hours on the device, and where they come from.</summary>
    /// <param name="finished">All runs that there are.</param>
    /// <param name="planned">Kinds of runs that are planned, and how many of each.</param>
    public static (double? Hours, string Basis) Of(IEnumerable<RunDocument> finished, IReadOnlyList<(AdmittedRun Run, long Count)> planned)
    {
        RunSpec spec = planned[0].Run.Valid.Spec!;
        List<RunDocument> like = [.. finished.Where(run => run.State == RunState.Completed && run.Spec.Model == spec.Model && run.Spec.Dataset == spec.Dataset).OrderByDescending(run => run.EndedAt)];
        string? device = DeviceOf(like.FirstOrDefault());
        List<Pace> paces = [.. like.Where(run => DeviceOf(run) == device).Select(PaceOf).OfType<Pace>()];
        if (paces.Count == 0)
        {
            return (null, $"No run of {spec.Model} on {spec.Dataset} has finished here yet, so nothing is known of the pace.");
        }

        Pace pace = new(Median(paces.Select(one => one.Sentence)), Median(paces.Select(one => one.Row)), Median(paces.Select(one => one.Start)));
        double seconds = planned.Sum(kind => kind.Count * pace.SecondsOf(kind.Run));
        return (seconds / 3600, string.Create(
            CultureInfo.InvariantCulture,
            $"From {paces.Count} finished {(paces.Count == 1 ? "run" : "runs")} of {spec.Model} on {spec.Dataset} ({device}): {pace.Sentence * 1000:0.##} ms for a training sentence, {pace.Row * 1000:0.##} ms for an evaluated row, {pace.Start:0.#} s to start."));
    }

    private static string? DeviceOf(RunDocument? run) =>
        run?.Attempts.LastOrDefault(attempt => attempt.Environment is not null)?.Environment is { } environment ? environment.DeviceName ?? environment.Device : null;

    /// <summary>Sentences stand for tokens: of one data set they are on average as long in every run.</summary>
    private static Pace? PaceOf(RunDocument run)
    {
        long sentences = (long)run.Progress.TotalSteps * run.Spec.EffectiveBatch;
        long rows = Evaluations(run.Progress.TotalSteps, run.Spec.EvalEvery) * (run.Summary.EvalRows ?? 0);
        return run.Summary is { GangSize: null, TrainSeconds: double train, EvalSeconds: double evaluation } && sentences > 0 && rows > 0
            ? new Pace(train / sentences, evaluation / rows, run.Summary.LoadSeconds ?? 0)
            : null;
    }

    private static long Evaluations(int steps, int every) => 1 + (steps / every) + (steps % every == 0 ? 0 : 1);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }

    private sealed record Pace(double Sentence, double Row, double Start)
    {
        public double SecondsOf(AdmittedRun run)
        {
            RunSpec spec = run.Valid.Spec!;
            return Start + (Sentence * run.Valid.TotalSteps * spec.EffectiveBatch) + (Row * Evaluations(run.Valid.TotalSteps, spec.EvalEvery) * run.Valid.EvalRows);
        }
    }
}
