using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Plans;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies.Course;

/// <summary>Lets studies go on.</summary>
internal sealed class StudyDriver : IPlanDriver
{
    public PlanKind Kind => PlanKind.Study;

    public PlanStep Next(StoredPlan plan, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series, DateTimeOffset now)
    {
        StudyContent study = Refresh(plan.Read<StudyContent>(), runs);
        study = study with { Arms = [.. study.Plan.Methods!.Zip(study.Arms, (method, arm) => Goes(study) ? StudyCourse.Decide(study, method, arm) : arm)] };
        HashSet<string> known = [.. study.Runs.Select(run => run.Wanted.Key)];
        IReadOnlyList<WantedRun> missing = Goes(study) ? [.. StudyCourse.Wanted(study).Where(run => !known.Contains(run.Key))] : [];
        IReadOnlyList<PlannedStop> stops = study is { Cancelled: true, Stopped: false } ? [.. study.Runs.Where(run => !run.Ended).Select(run => new PlannedStop(run.RunId, null))] : [];
        study = StudyEnd.Apply(study with { Stopped = study.Cancelled }, anyMissing: missing.Count > 0, now);
        return new PlanStep(Store(plan, study))
        {
            Runs = [.. missing.Select(run => new PlannedRun(run.Key, run.Label, StudyRunSpec.Of(study.Plan, run)))],
            Stops = stops,
        };
    }

    public StoredPlan Fail(StoredPlan plan, string sentence, DateTimeOffset now) =>
        Store(plan, StudyEnd.Apply(plan.Read<StudyContent>() with { Refused = sentence }, anyMissing: false, now));

    private static StoredPlan Store(StoredPlan plan, StudyContent study) => plan.With(study) with { Ended = study.EndedAt is not null };

    private static bool Goes(StudyContent study) => !study.Cancelled && study.Refused is null;

    /// <summary>What is known of the runs, brought up to date; new ones behind those that are known.</summary>
    private static StudyContent Refresh(StudyContent study, IReadOnlyDictionary<string, RunDocument> runs)
    {
        HashSet<string> known = [.. study.Runs.Select(run => run.Wanted.Key)];
        return study with
        {
            Runs =
            [
                .. study.Runs.Select(run => runs.TryGetValue(run.Wanted.Key, out RunDocument? now) ? KnownRun.Of(run.Wanted, now) : run.Gone()),
                .. StudyCourse.Wanted(study).Where(run => !known.Contains(run.Key) && runs.ContainsKey(run.Key)).Select(run => KnownRun.Of(run, runs[run.Key])),
            ],
        };
    }
}
