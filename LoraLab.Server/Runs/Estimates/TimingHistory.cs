using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Estimates;

/// <summary>Timing of runs of a model on a dataset on a device: medians over the most recent completed ones.</summary>
/// <param name="SecondsPerSentence">Seconds of training per sentence.</param>
/// <param name="SecondsPerRow">Seconds of evaluation per row.</param>
/// <param name="LoadSeconds">Seconds before the first step.</param>
/// <param name="Rows">Rows of an evaluation of the latest of them.</param>
/// <param name="Basis">One sentence about the source of the numbers.</param>
internal sealed record TimingHistory(double SecondsPerSentence, double SecondsPerRow, double LoadSeconds, int Rows, string Basis)
{
    private const int MaxRuns = 20;

    /// <summary>The timing and its basis; without a completed run the timing is null and the basis says so.</summary>
    /// <param name="store">The stored runs.</param>
    /// <param name="spec">A specification with its defaults filled in.</param>
    /// <param name="device">The device of the run; <c>auto</c>: the device of the latest similar run.</param>
    /// <param name="method">Whether runs of the specification's own method, if there are any, count alone.</param>
    public static (TimingHistory? Timing, string Basis) Estimate(IStoreReader store, RunSpec spec, string device, bool method = false)
    {
        RunDocument[] similar =
        [
            .. store
                .Enumerate(new RunFilter { States = new HashSet<RunState> { RunState.Completed }, Trained = (spec.Model, spec.Dataset) })
                .Select(run => run.Document)
                .Where(run => run.Progress is { TotalSteps: > 0, Step: > 0 })
                .Where(run => run.Summary is { TrainSeconds: > 0, EvalSeconds: not null, EvalRows: > 0, LoadSeconds: not null })
                .Where(run => EnvironmentOf(run) is { } environment && IsOn(environment.Device, device))
                .OrderByDescending(run => run.EndedAt),
        ];
        if (similar.Where(run => run.Summary.PredictionsBeside is null).ToArray() is { Length: > 0 } undisturbed)
        {
            similar = undisturbed;
        }

        bool own = method && similar.Any(run => run.Spec.Method == spec.Method);
        if (own)
        {
            similar = [.. similar.Where(run => run.Spec.Method == spec.Method)];
        }

        if (similar.Length == 0)
        {
            string where = device == "auto" ? "" : $" on {device}";
            return (null, $"No run of {spec.Model} on {spec.Dataset} has completed{where} yet, so there is no time "
                + "estimate; one short run provides it.");
        }

        RunEnvironment last = EnvironmentOf(similar[0])!;
        RunDocument[] runs = [.. similar.Where(run => EnvironmentOf(run) is { } environment && environment.Device == last.Device
            && environment.DeviceName == last.DeviceName).Take(MaxRuns)];
        double sentence = Median(runs.Select(run =>
            run.Summary.TrainSeconds!.Value / ((double)run.Progress.Step * run.Spec.EffectiveBatch)));
        double row = Median(runs.Select(run => run.Summary.EvalSeconds!.Value
            / ((double)run.Summary.EvalRows!.Value * Evaluations(run.Progress.Step, run.Spec.EvalEvery))));
        double load = Median(runs.Select(run => run.Summary.LoadSeconds!.Value + (run.Summary.PreparingSeconds ?? 0)));
        string basis = $"Median of {NumberFormat.Count(runs.Length, "completed run")} of "
            + $"{(own ? $"{spec.Method} with " : "")}{spec.Model} on {spec.Dataset} on {last.Device}: "
            + $"{NumberFormat.Number(sentence * spec.EffectiveBatch)} s per step of {NumberFormat.Count(spec.EffectiveBatch, "sentence")}, "
            + $"{NumberFormat.Number(row * 1000)} ms per evaluated row, {NumberFormat.Number(load)} s to load.";
        return (new TimingHistory(sentence, row, load, runs[0].Summary.EvalRows!.Value, basis), basis);
    }

    /// <summary>Estimated seconds of a run with a specification.</summary>
    public double Seconds(RunSpec spec, int steps, int rows) =>
        Seconds(steps, spec.EffectiveBatch, Evaluations(steps, Math.Max(1, spec.EvalEvery)), rows);

    /// <summary>Estimated seconds of a run.</summary>
    public double Seconds(long steps, int effectiveBatch, long evaluations, int rows) =>
        LoadSeconds + (steps * effectiveBatch * SecondsPerSentence) + (evaluations * (double)rows * SecondsPerRow);

    /// <summary>
    /// Number of evaluations of a run: before the first step, every <paramref name="evalEvery"/> steps, and after the last.
    /// </summary>
    public static int Evaluations(int steps, int evalEvery) => 1 + (steps / evalEvery) + (steps % evalEvery == 0 ? 0 : 1);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static RunEnvironment? EnvironmentOf(RunDocument run) =>
        run.Attempts.LastOrDefault(attempt => attempt.Environment is not null)?.Environment;

    private static bool IsOn(string device, string requested) =>
        requested == "auto" || device == requested || device.StartsWith(requested + ":", StringComparison.Ordinal);
}
