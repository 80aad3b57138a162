using LoraLab.Contracts.Runs;
using LoraLab.Server.Runs;
using LoraLab.Server.Runs.Estimates;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>Estimates the device-hours of a study from completed runs.</summary>
internal static class StudyForecast
{
    /// <summary>Device-hours and their basis.</summary>
    /// <param name="store">The stored runs.</param>
    /// <param name="samples">One run per method and stage, with the number of such runs.</param>
    public static (double? Hours, string Basis) Estimate(IStoreReader store, IReadOnlyList<(AdmittedRun Run, long Count)> samples)
    {
        RunSpec first = samples[0].Run.Valid.Spec!;
        (TimingHistory? timing, string basis) = TimingHistory.Estimate(store, first, first.Device);
        return (timing is null ? null : samples.Sum(sample => sample.Count * SecondsOf(timing, sample.Run)) / 3600, basis);
    }

    private static double SecondsOf(TimingHistory timing, AdmittedRun run)
    {
        RunSpec spec = run.Valid.Spec!;
        return timing.Seconds(
            run.Valid.TotalSteps, spec.EffectiveBatch, TimingHistory.Evaluations(run.Valid.TotalSteps, spec.EvalEvery), run.Valid.EvalRows);
    }
}
