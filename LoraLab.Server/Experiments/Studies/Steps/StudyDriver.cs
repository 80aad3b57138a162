using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>Computes the steps of studies.</summary>
internal sealed class StudyDriver : IExperimentDriver
{
    public ExperimentKind Kind => ExperimentKind.Study;

    public ExperimentStep Next(
        StoredExperiment experiment, IReadOnlyDictionary<string, RunDocument> runs, IRunSeries series, DateTimeOffset now)
    {
        StoredStudy study = Refresh(experiment.Read<StoredStudy>(), runs);
        study = study with
        {
            Arms = [.. study.Plan.Methods!.Zip(study.Arms, (method, arm) => IsActive(study) ? StudySteps.Decide(study, method, arm) : arm)],
        };
        HashSet<string> known = [.. study.Runs.Select(run => run.Required().Key)];
        IReadOnlyList<RequiredRun> missing = IsActive(study)
            ? [.. StudySteps.RequiredRuns(study).Where(run => !known.Contains(run.Key))]
            : [];
        IReadOnlyList<RequestedStop> stops = study is { Cancelled: true, Stopped: false }
            ? [.. study.Runs.Where(run => !run.HasEnded()).Select(run => new RequestedStop(run.RunId, null))]
            : [];
        study = StudyEnd.Apply(study with { Stopped = study.Cancelled }, anyMissing: missing.Count > 0, now);
        return new ExperimentStep(Store(experiment, study))
        {
            Runs = [.. missing.Select(run => new RequestedRun(run.Key, run.Label, StudyRunSpec.Of(study.Plan, run)))],
            Stops = stops,
        };
    }

    public StoredExperiment Fail(StoredExperiment experiment, string message, DateTimeOffset now) =>
        Store(experiment, StudyEnd.Apply(experiment.Read<StoredStudy>() with { Refused = message }, anyMissing: false, now));

    private static StoredExperiment Store(StoredExperiment experiment, StoredStudy study) =>
        experiment.With(study) with { Ended = study.EndedAt is not null };

    private static bool IsActive(StoredStudy study) => !study.Cancelled && study.Refused is null;

    /// <summary>Updates the tracked runs and appends new ones.</summary>
    private static StoredStudy Refresh(StoredStudy study, IReadOnlyDictionary<string, RunDocument> runs)
    {
        HashSet<string> known = [.. study.Runs.Select(run => run.Required().Key)];
        return study with
        {
            Runs =
            [
                .. study.Runs.Select(run => runs.TryGetValue(run.Required().Key, out RunDocument? document)
                    ? run.Required().ToStore(document)
                    : run.Deleted()),
                .. StudySteps.RequiredRuns(study).Where(run => !known.Contains(run.Key) && runs.ContainsKey(run.Key))
                    .Select(run => run.ToStore(runs[run.Key])),
            ],
        };
    }
}
