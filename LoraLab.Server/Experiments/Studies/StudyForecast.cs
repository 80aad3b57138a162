using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>How long the runs of a study will take, by the pace of those that were finished.</summary>
internal static class StudyForecast
{
    /// <summary>Hours on the device, and where they come from.</summary>
    /// <param name="known">Knows the runs that there are.</param>
    /// <param name="planned">Kinds of runs that are planned, and how many of each.</param>
    public static (double? Hours, string Basis) Of(IStoreReader known, IReadOnlyList<(AdmittedRun Run, long Count)> planned)
    {
        RunSpec first = planned[0].Run.Valid.Spec!;
        (TimingHistory? pace, string basis) = TimingHistory.Of(known, first, first.Device);
        return (pace is null ? null : planned.Sum(kind => kind.Count * SecondsOf(pace, kind.Run)) / 3600, basis);
    }

    private static double SecondsOf(TimingHistory pace, AdmittedRun run)
    {
        RunSpec spec = run.Valid.Spec!;
        return pace.Seconds(run.Valid.TotalSteps, spec.EffectiveBatch, TimingHistory.Evaluations(run.Valid.TotalSteps, spec.EvalEvery), run.Valid.EvalRows);
    }
}
