using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>Lets studies go on.</summary>
internal sealed class StudyDriver : IExperimentDriver
{
    public ExperimentKind Kind => ExperimentKind.Study;

    public ExperimentStep Next(StoredExperiment plan, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series, DateTimeOffset now)
    {
        StoredStudy study = Refresh(plan.Read<StoredStudy>(), runs);
        study = study with { Arms = [.. study.Plan.Methods!.Zip(study.Arms, (method, arm) => Goes(study) ? StudySteps.Decide(study, method, arm) : arm)] };
        HashSet<string> known = [.. study.Runs.Select(run => run.Wanted.Key)];
        IReadOnlyList<RequiredRun> missing = Goes(study) ? [.. StudySteps.Wanted(study).Where(run => !known.Contains(run.Key))] : [];
        IReadOnlyList<RequestedStop> stops = study is { Cancelled: true, Stopped: false } ? [.. study.Runs.Where(run => !run.Ended).Select(run => new RequestedStop(run.RunId, null))] : [];
        study = StudyEnd.Apply(study with { Stopped = study.Cancelled }, anyMissing: missing.Count > 0, now);
        return new ExperimentStep(Store(plan, study))
        {
            Runs = [.. missing.Select(run => new RequestedRun(run.Key, run.Label, StudyRunSpec.Of(study.Plan, run)))],
            Stops = stops,
        };
    }

    public StoredExperiment Fail(StoredExperiment plan, string sentence, DateTimeOffset now) =>
        Store(plan, StudyEnd.Apply(plan.Read<StoredStudy>() with { Refused = sentence }, anyMissing: false, now));

    private static StoredExperiment Store(StoredExperiment plan, StoredStudy study) => plan.With(study) with { Ended = study.EndedAt is not null };

    private static bool Goes(StoredStudy study) => !study.Cancelled && study.Refused is null;

    /// <summary>What is known of the runs, brought up to date; new ones behind those that are known.</summary>
    private static StoredStudy Refresh(StoredStudy study, IReadOnlyDictionary<string, RunDocument> runs)
    {
        HashSet<string> known = [.. study.Runs.Select(run => run.Wanted.Key)];
        return study with
        {
            Runs =
            [
                .. study.Runs.Select(run => runs.TryGetValue(run.Wanted.Key, out RunDocument? now) ? TrackedRun.Of(run.Wanted, now) : run.Gone()),
                .. StudySteps.Wanted(study).Where(run => !known.Contains(run.Key) && runs.ContainsKey(run.Key)).Select(run => TrackedRun.Of(run, runs[run.Key])),
            ],
        };
    }
}
