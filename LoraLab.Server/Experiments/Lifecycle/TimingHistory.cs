using System.Globalization;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>How long runs of a model on a data set take on a device, from those that were finished there: medians over the last of them.</summary>
/// <param name="SecondsPerSentence">Training, for one sentence.</param>
/// <param name="SecondsPerRow">Evaluation, for one row.</param>
/// <param name="LoadSeconds">Before the first step.</param>
/// <param name="Basis">Where the figures come from, in one sentence.</param>
internal sealed record TimingHistory(double SecondsPerSentence, double SecondsPerRow, double LoadSeconds, string Basis)
{
    private const int Most = 20;

    /// <summary>The pace; null with a sentence: there is no finished run to know it from.</summary>
    /// <param name="known">Knows the runs.</param>
    /// <param name="spec">A specification with its defaults filled in.</param>
    /// <param name="device">The device that it is given; <c>auto</c>: the one on which such a run was finished last.</param>
    public static (TimingHistory? Timing, string Basis) Of(IStoreReader known, RunSpec spec, string device)
    {
        RunDocument[] like =
        [
            .. known.Enumerate(new RunFilter { States = new HashSet<RunState> { RunState.Completed }, Trained = (spec.Model, spec.Dataset) }).Select(run => run.Document).Where(run => run.Progress.TotalSteps > 0)
                .Where(run => run.Summary is { TrainSeconds: > 0, EvalSeconds: not null, EvalRows: > 0, LoadSeconds: not null })
                .Where(run => EnvironmentOf(run) is { } environment && IsOn(environment.Device, device))
                .OrderByDescending(run => run.EndedAt),
        ];
        if (like.Length == 0)
        {
            string there = device == "auto" ? "here" : $"on {device}";
            return (null, $"No run of {spec.Model} on {spec.Dataset} has finished {there} yet, so nothing is known of the pace; one short run gives it.");
        }

        RunEnvironment last = EnvironmentOf(like[0])!;
        RunDocument[] runs = [.. like.Where(run => EnvironmentOf(run) is { } environment && environment.Device == last.Device && environment.DeviceName == last.DeviceName).Take(Most)];
        double sentence = SampleMoments.Median(runs.Select(run => run.Summary.TrainSeconds!.Value / ((double)run.Progress.TotalSteps * run.Spec.EffectiveBatch)));
        double row = SampleMoments.Median(runs.Select(run => run.Summary.EvalSeconds!.Value / ((double)run.Summary.EvalRows!.Value * Evaluations(run.Progress.TotalSteps, run.Spec.EvalEvery))));
        double load = SampleMoments.Median(runs.Select(run => run.Summary.LoadSeconds!.Value));
        string basis = string.Create(
            CultureInfo.InvariantCulture,
            $"By the median of {(runs.Length == 1 ? "one finished run" : $"{runs.Length} finished runs")} of {spec.Model} on {spec.Dataset} on {last.Device}: {Digits(sentence * spec.EffectiveBatch)} s a step of {spec.EffectiveBatch} sentences, {Digits(row * 1000)} ms a row evaluated, {Digits(load)} s to load.");
        return (new TimingHistory(sentence, row, load, basis), basis);
    }

    /// <summary>Seconds of a run of so many steps.</summary>
    public double Seconds(long steps, int effectiveBatch, long evaluations, int rows) =>
        LoadSeconds + (steps * effectiveBatch * SecondsPerSentence) + (evaluations * (double)rows * SecondsPerRow);

    /// <summary>Evaluations of a run: before it, every so many steps, and after the last.</summary>
    public static int Evaluations(int steps, int evalEvery) => 1 + (steps / evalEvery) + (steps % evalEvery == 0 ? 0 : 1);

    private static RunEnvironment? EnvironmentOf(RunDocument run) => run.Attempts.LastOrDefault(attempt => attempt.Environment is not null)?.Environment;

    private static bool IsOn(string device, string wanted) =>
        wanted == "auto" || device == wanted || device.StartsWith(wanted + ":", StringComparison.Ordinal);

    private static string Digits(double value) => value.ToString("G3", CultureInfo.InvariantCulture);
}
